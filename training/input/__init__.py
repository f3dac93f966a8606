"""The input pipeline: from a data set to batches that a net is trained on."""
