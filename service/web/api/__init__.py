"""One folder per protocol, each with its `routes`. No protocol imports another."""
