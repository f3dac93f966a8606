"""From a trained net to a servable."""
