"""The workers' way to the engines: a pool of connections to each, one call on each at a time. No TensorFlow here."""

import contextlib
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from numpy.typing import NDArray

from service import errors
from service.catalog import Catalog, Version
from service.engine import frames, wire
from service.engine.frames import ClientGone
from service.errors import DeadlineExceeded, EngineDown, ModelNotFound, Unavailable

__all__ = ["ClientGone", "EngineClient", "Engines"]

_AVOID = 1.0  # seconds for which an engine that failed is asked last: one that dies may still seem to be there
DOWN = "The engine is not answering; it is being started again."


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
    ) -> dict[str, NDArray]:
        """Outputs by name, in the rows' order; `deadline` on the monotonic clock, in seconds.

        Raises ClientGone and every InkpawError that the engine answers with.
        """
        call = wire.RunCall(model, version.number, deadline, wire.heads(inputs))
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
            frames.send(sock, parts, deadline)
            data = frames.receive(sock, deadline, caller)
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
            if frames.is_open(sock):
                return sock
            sock.close()
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(os.fspath(self._path))
        except OSError:
            sock.close()
            raise EngineDown(DOWN) from None
        return sock


class Engines:
    """As EngineClient, for several: one that is down, or has not the version yet, is passed over for another."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._clients = [EngineClient(path) for path in paths]
        self._rows = [0] * len(paths)
        self._avoided = [0.0] * len(paths)
        self._counting = threading.Lock()

    def catalog(self) -> Catalog:
        """Of the first engine that is ready, as it was at its last answer. Raises Unavailable if none answers."""
        return self._best(EngineClient.catalog)

    def refresh(self) -> Catalog:
        """The same, asked for now. Raises Unavailable."""
        return self._best(EngineClient.refresh)

    def _best(self, ask: Callable[[EngineClient], Catalog]) -> Catalog:
        found: Catalog | None = None
        for client in self._clients:
            with contextlib.suppress(Unavailable, DeadlineExceeded):
                catalog = ask(client)
                if catalog.ready:
                    return catalog
                found = found or catalog
        if found is None:
            raise Unavailable(DOWN)
        return found

    def run(
        self,
        model: str,
        version: Version,
        inputs: Mapping[str, NDArray],
        deadline: float,
        caller: int | None = None,
    ) -> dict[str, NDArray]:
        """As `EngineClient.run`, on the least busy engine that can."""
        now = time.monotonic()
        order = sorted(range(len(self._clients)), key=lambda index: (self._avoided[index] > now, self._rows[index]))
        rows = len(next(iter(inputs.values())))
        while True:
            index = order.pop(0)
            try:
                with self._in_hand(index, rows):
                    return self._clients[index].run(model, version, inputs, deadline, caller)
            except (EngineDown, ModelNotFound):
                if not order:
                    raise

    @contextmanager
    def _in_hand(self, index: int, rows: int) -> Iterator[None]:
        with self._counting:
            self._rows[index] += rows
        try:
            yield
        except Unavailable:
            self._avoided[index] = time.monotonic() + _AVOID
            raise
        finally:
            with self._counting:
                self._rows[index] -= rows

    def busy_seconds(self) -> float:
        """Of the engine that is worst off: how long it has been at one batch, or has not answered."""
        return max(client.busy_seconds() for client in self._clients)
