"""The HTTP side, one process per gunicorn worker: a server, the routes of each protocol, one dispatch, one dataplane.

Stands on `ipc` beside `engine`, which it never imports.
"""
