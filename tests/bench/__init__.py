"""Measuring the service beside what it could be at best, in one quiet run: `make bench`."""
