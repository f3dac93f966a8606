"""Training: the loops, and what surrounds them."""
