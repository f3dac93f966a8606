"""Binds the service's address before anything else starts, so that a mistake in it stops the start at once."""

import errno
import socket

from service.settings import SettingsError

_GRPC_PORT = "INKPAW_GRPC_PORT"
_BACKLOG = 2048  # connections that may wait to be accepted: gunicorn's own number


def open_listener(host: str, port: int, setting: str = "INKPAW_PORT") -> socket.socket:
    """Listen on the host's first address, IPv4 before IPv6. `::` takes clients of IPv4 too.

    `setting` is the name of the port's. Raises SettingsError.
    """
    listener = _bind(host, port, setting)
    listener.listen(_BACKLOG)
    return listener


def reserve_port(host: str, port: int) -> socket.socket:
    """Hold the address of the gRPC process, which listens there itself: nobody else can take it while it restarts.

    Raises SettingsError, also where another process only shares the port.
    """
    with _bind(host, port, _GRPC_PORT) as probe:
        port = probe.getsockname()[1]
    return _bind(host, port, _GRPC_PORT, shared=True)


def format_address(sock: socket.socket) -> str:
    """As gRPC takes it."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def make_url(listener: socket.socket, scheme: str = "http") -> str:
    # the zone of a link-local address, as RFC 6874 writes it
    return f"{scheme}://{format_address(listener).replace('%', '%25')}"


def _bind(host: str, port: int, setting: str, shared: bool = False) -> socket.socket:
    """`setting` is that of the port. Raises SettingsError."""
    family, address = _resolve(host, port)
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.bind(address)
        except BaseException:
            sock.close()
            raise
    except OSError as error:
        raise SettingsError(_explain(host, port, setting, error)) from None
    return sock


def _resolve(host: str, port: int) -> tuple[int, tuple]:
    name = host.removeprefix("[").removesuffix("]")
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"INKPAW_HOST={host} is no address, and no name of one: {error}.") from None
    family, *_, address = min(found, key=lambda info: info[0] != socket.AF_INET)
    return family, address


def _explain(host: str, port: int, setting: str, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"{setting}={port} is taken: another program listens on {host} there."
        case errno.EACCES:
            return f"{setting}={port} may not be bound by this user."
        case errno.EADDRNOTAVAIL:
            return f"INKPAW_HOST={host} is no address of this machine."
    return f"INKPAW_HOST={host} cannot be bound: {error.strerror}."
