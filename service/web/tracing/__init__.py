"""Traces: the context that a client sends, what is recorded of a request, and its spans for OpenTelemetry."""
