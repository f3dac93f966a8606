"""TCP over loopback."""

import socket


def connect_pair() -> tuple[socket.socket, socket.socket]:
    """The server's end and the client's. Unix sockets have no half-closed state and no resets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        return listener.accept()[0], client


def find_free_port() -> int:
    [port] = find_free_ports(1)
    return port


def find_free_ports(count: int) -> list[int]:
    """Numbers of free TCP ports."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()
