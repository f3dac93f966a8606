"""The offline half of Inkpaw: recipes in, versioned SavedModels out."""
