"""What the tests of the service share: tiny models, a running service, an engine that does as it is told."""
