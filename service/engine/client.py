"""The workers' way to the engine: a pool of connections, one call on each at a time. Never imports TensorFlow."""

import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from numpy.typing import NDArray

from service import errors
from service.catalog import Catalog, Version
from service.engine import wire
from service.errors import DeadlineExceeded, Unavailable

_READ = 1 << 16
DOWN = "The engine is not answering; it is being started again."


class ClientGone(Exception):
    """Whoever asked has closed the connection: there is nobody to answer."""


class EngineDown(Unavailable):
    """There is no engine to send to: nothing has been sent, so the call may be made elsewhere."""


class EngineClient:
    """Safe to use from many threads. `caller` arguments are the file descriptor of the HTTP client's socket: when it
    closes, the call is given up and its rows leave the queue."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[socket.socket] = deque()
        self._catalog: Catalog | None = None
        self._seen = -1
        self._refreshing = threading.Lock()
        self._answered = time.monotonic()

    def catalog(self) -> Catalog:
        """The catalog as it was at the engine's last answer. Raises Unavailable."""
        current = self._catalog
        if current is not None and current.generation >= self._seen:
            return current
        return self.refresh()

    def refresh(self) -> Catalog:
        """Ask the engine for the catalog now. Raises Unavailable."""
        with self._refreshing:
            reply, _ = self._call(wire.frame(wire.CatalogCall()), time.monotonic() + 2.0)
            assert isinstance(reply, wire.CatalogReply)
            self._catalog = reply.catalog
            self._seen = max(self._seen, reply.catalog.generation)
            return reply.catalog

    def run(
        self,
        model: str,
        version: Version,
        inputs: Mapping[str, NDArray],
        deadline: float,
        caller: int | None = None,
        coming: int = 0,
    ) -> dict[str, NDArray]:
        """Outputs by name, in the rows' order; `deadline` on the monotonic clock, in seconds.

        `coming`: how many more requests this process is reading, whose rows will follow at once.

        Raises ClientGone and every InkpawError that the engine answers with.
        """
        call = wire.RunCall(model, version.number, deadline, wire.heads(inputs), os.getpid(), coming)
        reply, body = self._call(wire.frame(call, list(inputs.values())), deadline, caller)
        if isinstance(reply, wire.ErrorReply):
            self._seen = max(self._seen, reply.generation)
            raise errors.from_code(reply.code, reply.message)
        assert isinstance(reply, wire.RunReply)
        self._seen = max(self._seen, reply.generation)
        return wire.tensors(reply.tensors, body)

    def busy_seconds(self) -> float:
        """How long the engine has been at one batch, or has not answered at all."""
        try:
            reply, _ = self._call(wire.frame(wire.StatusCall()), time.monotonic() + 2.0)
        except (Unavailable, DeadlineExceeded):
            return time.monotonic() - self._answered
        assert isinstance(reply, wire.StatusReply)
        return reply.busy_seconds

    def _call(
        self, parts: list[wire.Bytes], deadline: float, caller: int | None = None
    ) -> tuple[wire.Reply, memoryview]:
        sock = self._connection()
        try:
            _send(sock, parts)
            data = _receive(sock, deadline, caller)
        except OSError:
            sock.close()
            raise Unavailable(DOWN) from None
        except BaseException:
            sock.close()  # the reply may still come: nobody else may read it
            raise
        self._idle.append(sock)
        self._answered = time.monotonic()
        body_at = wire.LENGTHS.size + wire.LENGTHS.unpack_from(data)[0]
        return wire.decode_reply(data[wire.LENGTHS.size : body_at]), data[body_at:]

    def _connection(self) -> socket.socket:
        """An idle connection that the engine has not closed, or a new one."""
        while self._idle:
            try:
                sock = self._idle.pop()
            except IndexError:
                break
            if not _ready(sock, 0.0):
                return sock
            sock.close()
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(os.fspath(self._path))
        except OSError:
            sock.close()
            raise EngineDown(DOWN) from None
        return sock


def _ready(sock: socket.socket, seconds: float) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _send(sock: socket.socket, parts: list[wire.Bytes]) -> None:
    sent = sock.sendmsg(parts)
    if sent < sum(map(len, parts)):
        sock.sendall(b"".join(parts)[sent:])


def _receive(sock: socket.socket, deadline: float, caller: int | None) -> memoryview:
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
    """Until the engine sends. Raises DeadlineExceeded, ClientGone."""
    ready = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
    if not ready:
        raise DeadlineExceeded("The answer did not come within the request's time.")
    if all(number != sock.fileno() for number, _ in ready):
        raise ClientGone
