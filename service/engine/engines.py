"""The engines of every device as one: a call goes to the one that has least of this worker's rows in hand."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from numpy.typing import NDArray

from service.catalog import Catalog, Version
from service.engine.client import DOWN, EngineClient, EngineDown
from service.errors import ModelNotFound, Unavailable


class Engines:
    """As EngineClient, for several: one that is down, or has not the version yet, is passed over for another."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._clients = [EngineClient(path) for path in paths]
        self._rows = [0] * len(paths)
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
            with contextlib.suppress(Unavailable):
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
        coming: int = 0,
    ) -> dict[str, NDArray]:
        """As `EngineClient.run`, on the least busy engine that can."""
        order = sorted(range(len(self._clients)), key=self._rows.__getitem__)
        rows = len(next(iter(inputs.values())))
        for index in order[:-1]:
            try:
                with self._in_hand(index, rows):
                    return self._clients[index].run(model, version, inputs, deadline, caller, coming)
            except (EngineDown, ModelNotFound):
                continue
        with self._in_hand(order[-1], rows):
            return self._clients[order[-1]].run(model, version, inputs, deadline, caller, coming)

    @contextmanager
    def _in_hand(self, index: int, rows: int) -> Iterator[None]:
        with self._counting:
            self._rows[index] += rows
        try:
            yield
        finally:
            with self._counting:
                self._rows[index] -= rows

    def busy_seconds(self) -> float:
        """Of the engine that is worst off: how long it has been at one batch, or has not answered."""
        return max(client.busy_seconds() for client in self._clients)
