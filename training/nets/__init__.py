"""The nets that can be trained."""
