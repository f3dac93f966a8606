"""The same protocol in protobuf: what the methods of its gRPC service take and return. No HTTP worker imports it."""
