"""Who may use the service and how often: API keys, their scopes, and limits per key and per address.

Knows neither HTTP nor gRPC: `guard` takes what a request says about itself as a function and an address.
"""
