"""One request's rows, from arrival to answer."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from service.errors import InkpawError

Arrays = Mapping[str, NDArray]


@dataclass(eq=False)
class Task:
    """One request's rows for one servable.

    `inputs` are arrays of equal first dimension `rows` >= 1; `deadline` is on the scheduler's clock. Exactly one of
    `on_done(outputs, queue_seconds)` and `on_error(error)` is called, once, unless the task is cancelled.
    `queue_seconds` is how long the task waited for its first batch.
    """

    inputs: Arrays
    rows: int
    deadline: float
    on_done: Callable[[Arrays, float], None]
    on_error: Callable[[InkpawError], None]
    arrived: float = 0.0
    started: float = 0.0
    taken: int = 0  # rows that are in batches already
    over: bool = False
    _parts: list[tuple[int, Arrays]] = field(default_factory=list)
    _answered: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)  # its batches may run at the same time

    def cancel(self) -> None:
        """The client has left: rows that are in no batch yet are dropped, and nothing is called."""
        self.over = True

    def fail(self, error: InkpawError) -> None:
        with self._lock:
            over, self.over = self.over, True
        if not over:
            self.on_error(error)

    def answer(self, start: int, outputs: Arrays, rows: int) -> None:
        """Outputs for `rows` rows from `start` on; the task is done when every row has its outputs."""
        with self._lock:
            self._parts.append((start, outputs))
            self._answered += rows
            if self._answered < self.rows or self.over:
                return
            self.over = True
        self.on_done(self._join_parts(), self.started - self.arrived)

    def _join_parts(self) -> Arrays:
        if len(self._parts) == 1:
            return self._parts[0][1]
        parts = [outputs for _, outputs in sorted(self._parts, key=lambda part: part[0])]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
