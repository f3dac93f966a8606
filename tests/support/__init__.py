"""Helpers of the tests: tiny models, a running service, an engine that answers as a test defines."""
