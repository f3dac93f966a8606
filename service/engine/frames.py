"""A frame out and a frame in, over the blocking Unix socket of one who calls the engine."""

import os
import socket
import time
from collections.abc import Callable
from typing import TypeVar

from service.engine import wire
from service.errors import DeadlineExceeded

_READ = 1 << 16
_LOOK_AT_CALLER = 0.05  # seconds

T = TypeVar("T")


class ClientGone(Exception):
    """Whoever asked has closed the connection: there is nobody to answer."""


def is_open(sock: socket.socket) -> bool:
    """Whether the other end has not closed, and said nothing unasked either."""
    sock.settimeout(0.0)
    try:
        sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def send(sock: socket.socket, parts: list[wire.Bytes], deadline: float) -> None:
    """A whole frame. Raises OSError if the engine closes, DeadlineExceeded if it does not read."""
    sent = _wait(sock, deadline, None, lambda: sock.sendmsg(parts))
    if sent == sum(map(len, parts)):
        return
    left = memoryview(b"".join(parts))[sent:]
    while left:
        left = left[_wait(sock, deadline, None, lambda left=left: sock.send(left)) :]  # type: ignore[misc]


def receive(sock: socket.socket, deadline: float, caller: int | None) -> memoryview:
    """A whole frame. Raises OSError if the engine closes, DeadlineExceeded, ClientGone."""
    data = _wait(sock, deadline, caller, lambda: sock.recv(_READ))
    if len(data) < wire.LENGTHS.size:
        raise ConnectionError
    total = wire.LENGTHS.size + sum(wire.LENGTHS.unpack_from(data))
    if len(data) == total:
        return memoryview(data)
    frame = bytearray(total)
    frame[: len(data)] = data
    at = len(data)
    while at < total:
        rest = memoryview(frame)[at:]
        count = _wait(sock, deadline, caller, lambda rest=rest: sock.recv_into(rest))  # type: ignore[misc]
        if count == 0:
            raise ConnectionError
        at += count
    return memoryview(frame)


def _wait(sock: socket.socket, deadline: float, caller: int | None, attempt: Callable[[], T]) -> T:
    """What `attempt` gives once the engine lets it. Raises DeadlineExceeded, ClientGone.

    The caller is looked at now and then, and not waited for together with the engine, which would cost every call.
    """
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise DeadlineExceeded("The answer did not come within the request's time.")
        sock.settimeout(min(left, _LOOK_AT_CALLER))
        try:
            return attempt()
        except TimeoutError:
            if caller is not None and _has_left(caller):
                raise ClientGone from None


def _has_left(caller: int) -> bool:
    """Whether the socket of that descriptor has been closed by its other end; it may have sent more, and stay."""
    with socket.socket(fileno=os.dup(caller)) as twin:
        twin.settimeout(0.0)
        try:
            return twin.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
