"""The workers' way to the engines. For the greenlets of one thread; no TensorFlow here."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gevent.lock import BoundedSemaphore
from numpy.typing import NDArray

from service import errors
from service.catalog import Catalog, Version
from service.errors import DeadlineExceeded, EngineDown, ModelNotFound, Unavailable
from service.ipc import wire
from service.ipc.channel import DOWN, ClientGone, Line

__all__ = ["ClientGone", "EngineClient", "Engines"]

_SOON = 2.0  # seconds for which an engine may think about how it is
_AVOID = 1.0  # seconds for which an engine that failed is asked last: one that dies may still seem to be there


class EngineClient:
    """One engine. `caller` arguments are the file descriptor of the HTTP client's socket: when it closes, the call is
    given up and its rows leave the queue."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._line: Line | None = None
        self._connecting = BoundedSemaphore()
        self._catalog: Catalog | None = None
        self._seen = -1
        self._refreshing = BoundedSemaphore()
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
            reply, _ = self._call(wire.CatalogCall(), (), time.monotonic() + _SOON)
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
        reply, body = self._call(call, list(inputs.values()), deadline, caller)
        if isinstance(reply, wire.ErrorReply):
            self._seen = max(self._seen, reply.generation)
            raise errors.from_code(reply.code, reply.message)
        assert isinstance(reply, wire.RunReply)
        self._seen = max(self._seen, reply.generation)
        return wire.tensors(reply.tensors, body)

    def busy_seconds(self) -> float:
        """How long the engine has been at one batch, or has not answered at all."""
        try:
            reply, _ = self._call(wire.StatusCall(), (), time.monotonic() + _SOON)
        except (Unavailable, DeadlineExceeded):
            return time.monotonic() - self._answered
        assert isinstance(reply, wire.StatusReply)
        return reply.busy_seconds

    def _call(
        self, head: wire.Call, arrays: Sequence[NDArray], deadline: float, caller: int | None = None
    ) -> tuple[wire.Reply, memoryview]:
        answer = self._open_line().call(head, arrays, deadline, caller)
        self._answered = time.monotonic()
        return answer

    def _open_line(self) -> Line:
        """The line there is, or a new one. Raises EngineDown."""
        if self._line is None or self._line.closed:
            with self._connecting:
                if self._line is None or self._line.closed:
                    self._line = Line(self._path)
        return self._line


class Engines:
    """As EngineClient, for several: one that is down, or has not the version yet, is passed over for another."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._clients = [EngineClient(path) for path in paths]
        self._rows = [0] * len(paths)
        self._avoided = [0.0] * len(paths)

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
        rows = len(next(iter(inputs.values())))
        order = self._by_load()
        while True:
            index = order.pop(0)
            self._rows[index] += rows
            try:
                return self._clients[index].run(model, version, inputs, deadline, caller)
            except ModelNotFound:
                if not order:
                    raise
            except Unavailable as error:
                self._avoided[index] = time.monotonic() + _AVOID
                if not order or not isinstance(error, EngineDown):  # what may have run is not sent again
                    raise
            finally:
                self._rows[index] -= rows

    def _by_load(self) -> list[int]:
        """The engines, the least busy first; one that has just failed last."""
        if len(self._clients) == 1:
            return [0]
        now = time.monotonic()
        return sorted(range(len(self._clients)), key=lambda index: (self._avoided[index] > now, self._rows[index]))

    def busy_seconds(self) -> float:
        """Of the engine that is worst off: how long it has been at one batch, or has not answered."""
        return max(client.busy_seconds() for client in self._clients)
