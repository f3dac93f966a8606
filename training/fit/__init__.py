"""Training: the loops, the optimisers and the callbacks."""
