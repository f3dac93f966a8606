"""A worker's client of one engine. For the greenlets of one thread."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from gevent.lock import BoundedSemaphore
from numpy.typing import NDArray

from service import errors
from service.catalog import Catalog, Version
from service.errors import DeadlineExceeded, Unavailable
from service.ipc import wire
from service.ipc.channel import Channel

_STATUS_SECONDS = 2.0  # for the engine to answer how it is


class EngineClient:
    """`client_fd` arguments are the file descriptor of the HTTP client's socket: when the client closes it, the call is
    cancelled and its rows leave the queue."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._channel: Channel | None = None
        self._connecting = BoundedSemaphore()
        self._catalog: Catalog | None = None
        self._generation = -1  # the newest that a reply has named
        self._refreshing = BoundedSemaphore()
        self._last_reply = time.monotonic()

    def catalog(self) -> Catalog:
        """The catalog as of the engine's last reply. Raises Unavailable."""
        catalog = self._catalog
        if catalog is not None and catalog.generation >= self._generation:
            return catalog
        return self.refresh()

    def refresh(self) -> Catalog:
        """Ask the engine for the catalog now. Raises Unavailable."""
        with self._refreshing:
            reply, _ = self._call(wire.CatalogCall(), (), time.monotonic() + _STATUS_SECONDS)
            assert isinstance(reply, wire.CatalogReply)
            self._catalog = reply.catalog
            self._generation = max(self._generation, reply.catalog.generation)
            return reply.catalog

    def run(
        self,
        model: str,
        version: Version,
        inputs: Mapping[str, NDArray],
        deadline: float,
        client_fd: int | None = None,
        signature: str = "",
    ) -> dict[str, NDArray]:
        """Outputs by name, in the rows' order; `deadline` on the monotonic clock, in seconds.

        An empty `signature` is the version's default one. Raises ClientDisconnected and every InkpawError that the
        engine replies with.
        """
        if signature == version.default_signature:
            signature = ""  # one name for it, so that its rows share one queue
        call = wire.RunCall(model, version.number, deadline, wire.make_heads(inputs), signature)
        reply, body = self._call(call, list(inputs.values()), deadline, client_fd)
        if isinstance(reply, wire.ErrorReply):
            self._generation = max(self._generation, reply.generation)
            raise errors.from_code(reply.code, reply.message)
        assert isinstance(reply, wire.RunReply)
        self._generation = max(self._generation, reply.generation)
        return wire.read_tensors(reply.tensors, body)

    def busy_seconds(self) -> float:
        """How long the engine has been running one batch, or has not answered at all."""
        try:
            reply, _ = self._call(wire.StatusCall(), (), time.monotonic() + _STATUS_SECONDS)
        except (Unavailable, DeadlineExceeded):
            return time.monotonic() - self._last_reply
        assert isinstance(reply, wire.StatusReply)
        return reply.busy_seconds

    def _call(
        self, head: wire.Call, arrays: Sequence[NDArray], deadline: float, client_fd: int | None = None
    ) -> tuple[wire.Reply, memoryview]:
        reply = self._open_channel().call(head, arrays, deadline, client_fd)
        self._last_reply = time.monotonic()
        return reply

    def _open_channel(self) -> Channel:
        """The open channel, or a new one. Raises EngineDown."""
        if self._channel is None or self._channel.closed:
            with self._connecting:
                if self._channel is None or self._channel.closed:
                    self._channel = Channel(self._path)
        return self._channel
