"""Writes docs/training.md: our figures beside the posts'."""
