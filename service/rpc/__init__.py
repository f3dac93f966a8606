"""The process that speaks gRPC: a client of the engines, as a worker is. It never imports TensorFlow."""
