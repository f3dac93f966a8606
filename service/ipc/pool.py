"""The engines of all devices as one: each call goes to the least busy engine that can run it."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from numpy.typing import NDArray

from service.catalog import Catalog, Version
from service.client_socket import ClientSocket
from service.errors import DeadlineExceeded, EngineDown, ModelNotFound, Unavailable
from service.ipc.channel import DOWN, HANGS
from service.ipc.client import EngineClient, OnTimes

_AVOID_SECONDS = 1.0  # for which an engine that failed is tried last: one that dies may still accept calls


class EnginePool:
    """As EngineClient, for several engines: one that is down, or lacks the version, is passed over for another."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._clients = [EngineClient(path) for path in paths]
        self._rows = [0] * len(paths)
        self._avoid_until = [0.0] * len(paths)

    def catalog(self) -> Catalog:
        """Of the first engine that is ready, as of its last reply. Raises Unavailable if none answers."""
        return self._get_best(EngineClient.catalog)

    def refresh(self) -> Catalog:
        """The same, asked for now. Raises Unavailable."""
        return self._get_best(EngineClient.refresh)

    def probe(self, seconds: float) -> Catalog:
        """The same within `seconds`: for an engine that takes longer and is not known to hang, its last catalog."""
        end = time.monotonic() + seconds
        for client in self._clients:  # all at once: one that hangs must not take the time of the others
            client.start_refresh()
        return self._get_best(lambda client: client.probe(max(0.0, end - time.monotonic())))

    def has_model(self, name: str) -> bool:
        """Whether a catalog that is here already lists it; asks nobody."""
        return any(client.has_model(name) for client in self._clients)

    def _get_best(self, get: Callable[[EngineClient], Catalog]) -> Catalog:
        first: Catalog | None = None
        for client in self._clients:
            with contextlib.suppress(Unavailable, DeadlineExceeded):
                catalog = get(client)
                if catalog.ready:
                    return catalog
                first = first or catalog
        if first is None:
            raise EngineDown(HANGS) if any(client.hangs() for client in self._clients) else Unavailable(DOWN)
        return first

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
        """As `EngineClient.run`, on the least busy engine that can."""
        rows = count_rows(inputs)
        order = self._order_by_load()
        while True:
            index = order.pop(0)
            self._rows[index] += rows
            try:
                return self._clients[index].run(model, version, inputs, deadline, client, signature, on_times)
            except ModelNotFound:
                if not order:
                    raise
            except Unavailable as error:
                self._avoid_until[index] = time.monotonic() + _AVOID_SECONDS
                if not order or not isinstance(error, EngineDown):  # a call that may have run is not sent again
                    raise
            finally:
                self._rows[index] -= rows

    def _order_by_load(self) -> list[int]:
        """Indices of the engines, the least busy first; one that has just failed last."""
        if len(self._clients) == 1:
            return [0]
        now = time.monotonic()
        return sorted(range(len(self._clients)), key=lambda index: (self._avoid_until[index] > now, self._rows[index]))

    def describe_hang(self, stall_seconds: float) -> str:
        """As `EngineClient.describe_hang`, of the first engine that hangs."""
        return next(filter(None, (client.describe_hang(stall_seconds) for client in self._clients)), "")


def count_rows(inputs: Mapping[str, NDArray]) -> int:
    """How much work this is, for the balance between engines; 1 where there are no rows, such as for a scalar."""
    first = next(iter(inputs.values()), None)
    return len(first) if first is not None and first.ndim else 1
