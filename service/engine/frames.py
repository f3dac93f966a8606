"""A frame out and a frame in, over the blocking Unix socket of one who calls the engine."""

import contextlib
import select
import socket
import time

from service.engine import wire
from service.errors import DeadlineExceeded

_READ = 1 << 16


class ClientGone(Exception):
    """Whoever asked has closed the connection: there is nobody to answer."""


def ready(sock: socket.socket, seconds: float) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def send(sock: socket.socket, parts: list[wire.Bytes], deadline: float) -> None:
    """A whole frame. Raises OSError if the engine closes, DeadlineExceeded if it does not read."""
    left = memoryview(b"")
    try:
        sent = sock.sendmsg(parts, [], socket.MSG_DONTWAIT)
    except BlockingIOError:
        sent = 0
    if sent < sum(map(len, parts)):
        left = memoryview(b"".join(parts))[sent:]
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    while left:
        _wait(poll, sock, deadline)
        with contextlib.suppress(BlockingIOError):
            left = left[sock.send(left, socket.MSG_DONTWAIT) :]


def receive(sock: socket.socket, deadline: float, caller: int | None) -> memoryview:
    """A whole frame. Raises OSError if the engine closes, DeadlineExceeded, ClientGone."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    if caller is not None:
        poll.register(caller, select.POLLRDHUP)
    _wait(poll, sock, deadline)
    data = sock.recv(_READ)
    if len(data) < wire.LENGTHS.size:
        raise ConnectionError
    total = wire.LENGTHS.size + sum(wire.LENGTHS.unpack_from(data))
    if len(data) == total:
        return memoryview(data)
    frame = bytearray(total)
    frame[: len(data)] = data
    at = len(data)
    while at < total:
        _wait(poll, sock, deadline)
        count = sock.recv_into(memoryview(frame)[at:])
        if count == 0:
            raise ConnectionError
        at += count
    return memoryview(frame)


def _wait(poll: select.poll, sock: socket.socket, deadline: float) -> None:
    """Until the engine sends, or reads. Raises DeadlineExceeded, ClientGone."""
    ready = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
    if not ready:
        raise DeadlineExceeded("The answer did not come within the request's time.")
    if all(number != sock.fileno() for number, _ in ready):
        raise ClientGone
