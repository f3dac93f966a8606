"""Binds the service's address before anything else starts, so that a mistake in it stops the start at once."""

import errno
import socket

from service.settings import SettingsError

_BACKLOG = 2048  # connections that may wait to be accepted: gunicorn's own number


def open_listener(host: str, port: int) -> socket.socket:
    """Listen on the host's first address, IPv4 before IPv6. `::` takes clients of IPv4 too. Raises SettingsError."""
    family, address = _resolve(host, port)
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listener.bind(address)
            listener.listen(_BACKLOG)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        raise SettingsError(_explain(host, port, error)) from None
    return listener


def make_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if ":" in host:
        host = f"[{host.replace('%', '%25')}]"  # the zone of a link-local address, as RFC 6874 writes it
    return f"http://{host}:{port}"


def _resolve(host: str, port: int) -> tuple[int, tuple]:
    name = host.removeprefix("[").removesuffix("]")
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"INKPAW_HOST={host} is no address, and no name of one: {error}.") from None
    family, *_, address = min(found, key=lambda info: info[0] != socket.AF_INET)
    return family, address


def _explain(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"INKPAW_PORT={port} is taken: another program listens on {host} there."
        case errno.EACCES:
            return f"INKPAW_PORT={port} may not be bound by this user."
        case errno.EADDRNOTAVAIL:
            return f"INKPAW_HOST={host} is no address of this machine."
    return f"INKPAW_HOST={host} cannot be bound: {error.strerror}."
