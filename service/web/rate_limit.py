"""A bound on how often something is done."""

import time
from collections.abc import Callable


class RateLimit:
    """At most `limit` per second; counts what it refuses."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._second, self._taken, self._refused = 0, 0, 0

    def take(self) -> bool:
        second = int(self._clock())
        if second != self._second:
            self._second, self._taken = second, 0
        if self._taken >= self._limit:
            self._refused += 1
            return False
        self._taken += 1
        return True

    def pop_refused(self) -> int:
        """How many were refused since the last call."""
        refused, self._refused = self._refused, 0
        return refused
