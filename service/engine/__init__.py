"""The TensorFlow half: one process that owns the device, forms batches and answers the workers over a Unix socket."""
