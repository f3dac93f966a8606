"""What `dispatch` does for every request, by either door: ids, and lines in the log."""
