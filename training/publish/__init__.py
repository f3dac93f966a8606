"""Publishes candidates under `models/`."""
