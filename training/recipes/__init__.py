"""Recipes: TOML files, their schema and how they are loaded."""
