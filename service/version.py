"""The version of the service."""

VERSION = "0.1.0"  # as in pyproject.toml: the service runs from its folder, and is not installed
