"""Bytes of requests and responses to arrays and back: uploads, images, tensors. Knows no protocol and no route."""
