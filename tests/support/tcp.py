"""A connection over loopback: Unix sockets have no half-closed state and no resets."""

import socket


def connect_pair() -> tuple[socket.socket, socket.socket]:
    """The server's end and the client's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        return listener.accept()[0], client
