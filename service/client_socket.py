"""Whether an HTTP client is still there, for those that work for it and neither read from it nor write to it."""

import _socket


def has_left(client_fd: int) -> bool:
    """Whether the client has closed its end; it may have sent more bytes, and stay. Never waits.

    The socket is borrowed without a descriptor of its own, of which none may be left.
    """
    borrowed = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM, 0, fileno=client_fd)
    try:
        return borrowed.recv(1, _socket.MSG_PEEK | _socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        borrowed.detach()
