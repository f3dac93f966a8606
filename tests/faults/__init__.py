"""Faults made on purpose under load, and what the service promised and did: `make test-faults`."""
