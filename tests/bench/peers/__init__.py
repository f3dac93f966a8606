"""The same work on other model servers: `make bench-peers`."""
