"""The stream of batches that a net is trained on."""
