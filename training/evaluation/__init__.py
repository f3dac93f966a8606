"""What is measured of a model, a module a measure; each takes a version's folder or plain arrays."""
