"""The OpenAPI document: made of the route table, of what each route says about itself, and of msgspec's types."""
