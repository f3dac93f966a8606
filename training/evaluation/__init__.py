"""Measures models, one module per kind of measure. Each takes a version's folder or plain arrays."""
