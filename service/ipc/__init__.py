"""Between the workers and the engines: frames over Unix sockets, a client side and a server side.

Imports `catalog`, `manifest` and `errors` of the service, and neither `web` nor `engine`, which both stand on it.
"""
