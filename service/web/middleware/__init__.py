"""What `dispatch` does for every request, by either door: ids, keys and limits, lines in the log."""
