"""A worker's client of one engine. For the greenlets of one thread."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import gevent
from gevent.event import AsyncResult
from gevent.lock import BoundedSemaphore
from numpy.typing import NDArray

from service import errors, heartbeat
from service.catalog import Catalog, Version
from service.client_socket import ClientSocket
from service.errors import EngineDown, Unavailable
from service.ipc import wire
from service.ipc.channel import DOWN, HANGS, Channel

OnTimes = Callable[[float, float, float], None]  # as in wire.RunReply

_CATALOG_SECONDS = 2.0  # for the engine to send its catalog, or how busy it is


class EngineClient:
    """`client` arguments are the HTTP client's socket: when the client closes it, the call is
    cancelled and its rows leave the queue."""

    def __init__(self, path: Path) -> None:
        self._path, self._heartbeat = path, heartbeat.get_path(path)
        self._channel: Channel | None = None
        self._connecting = BoundedSemaphore()
        self._catalog: Catalog | None = None
        self._generation = -1  # the newest that a reply has named
        self._refreshing: AsyncResult | None = None  # the one refresh that is under way, for all who wait for it

    def catalog(self) -> Catalog:
        """The catalog as of the engine's last reply. Raises Unavailable."""
        catalog = self._catalog
        if catalog is not None and catalog.generation >= self._generation:
            return catalog
        return self.refresh()

    def has_model(self, name: str) -> bool:
        """Whether the last catalog lists it; asks nobody."""
        return self._catalog is not None and name in self._catalog.models

    def refresh(self) -> Catalog:
        """Ask the engine for the catalog now, one call for all who ask at the same time. Raises Unavailable."""
        catalog: Catalog = self.start_refresh().get()
        if catalog.generation < self._generation:  # that call left before a reply named a newer generation
            catalog = self.start_refresh().get()
        return catalog

    def probe(self, seconds: float) -> Catalog:
        """As `refresh`, but the last catalog if the engine takes longer than `seconds` and is not known to hang."""
        try:
            catalog: Catalog = self.start_refresh().get(timeout=seconds)
            return catalog
        except gevent.Timeout:
            if self._catalog is None:
                raise Unavailable(DOWN) from None
            return self._catalog

    def start_refresh(self) -> AsyncResult:
        """The refresh that is under way, or a new one; its value will be the catalog."""
        if self._refreshing is None:
            self._refreshing = AsyncResult()
            gevent.spawn(self._fetch_catalog, self._refreshing)
        return self._refreshing

    def _fetch_catalog(self, result: AsyncResult) -> None:
        try:
            reply, _ = self._call(wire.CatalogCall(), (), time.monotonic() + _CATALOG_SECONDS)
            assert isinstance(reply, wire.CatalogReply)
            self._catalog = reply.catalog
            self._generation = max(self._generation, reply.catalog.generation)
            self._refreshing = None
            result.set(reply.catalog)
        except Exception as error:
            self._refreshing = None
            result.set_exception(error)

    def run(
        self,
        model: str,
        version: Version,
        inputs: Mapping[str, NDArray],
        deadline: float,
        client: ClientSocket | None = None,
        signature: str = "",
        on_times: OnTimes | None = None,
    ) -> dict[str, NDArray]:
        """Outputs by name, in the rows' order; `deadline` on the monotonic clock, in seconds.

        An empty `signature` is the version's default one. `on_times` gets the engine's times of an answer.
        Raises ClientDisconnected and every InkpawError that the engine replies with.
        """
        if signature == version.default_signature:
            signature = ""  # one name for it, so that its rows share one queue
        call = wire.RunCall(model, version.number, deadline, wire.make_heads(inputs), signature, on_times is not None)
        reply, body = self._call(call, list(inputs.values()), deadline, client)
        if isinstance(reply, wire.ErrorReply):
            self._generation = max(self._generation, reply.generation)
            raise errors.from_code(reply.code, reply.message)
        assert isinstance(reply, wire.RunReply)
        self._generation = max(self._generation, reply.generation)
        if on_times is not None and reply.times is not None:
            on_times(*reply.times)
        return wire.read_tensors(reply.tensors, body)

    def busy_seconds(self) -> float:
        """How long the engine has been running one batch. Raises Unavailable, DeadlineExceeded."""
        reply, _ = self._call(wire.StatusCall(), (), time.monotonic() + _CATALOG_SECONDS)
        assert isinstance(reply, wire.StatusReply)
        return reply.busy_seconds

    def hangs(self) -> bool:
        """Whether the engine has stopped moving: its socket takes calls that nobody reads."""
        pulse = heartbeat.read(self._heartbeat)
        return pulse is not None and pulse.is_silent(time.monotonic())

    def describe_hang(self, stall_seconds: float) -> str:
        """What has been wrong with the engine for so long that nothing will mend it; empty if nothing is. Does not
        wait."""
        pulse = heartbeat.read(self._heartbeat)
        return pulse.describe_hang(time.monotonic(), stall_seconds) if pulse is not None else ""

    def _call(
        self, head: wire.Call, arrays: Sequence[NDArray], deadline: float, client: ClientSocket | None = None
    ) -> tuple[wire.Reply, memoryview]:
        return self._open_channel().call(head, arrays, deadline, client)

    def _open_channel(self) -> Channel:
        """The open channel, or a new one. Raises EngineDown."""
        if self._channel is None or self._channel.closed:
            with self._connecting:
                if self._channel is None or self._channel.closed:
                    self._channel = self._connect()
        return self._channel

    def _connect(self) -> Channel:
        if self.hangs():
            raise EngineDown(HANGS)
        return Channel(self._path)
