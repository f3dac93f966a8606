"""Turns a trained net into a servable."""
