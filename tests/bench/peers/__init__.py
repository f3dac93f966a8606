"""The same work on other servers of models: `make bench-peers`."""
