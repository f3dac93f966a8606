"""How many requests a worker has in hand at once: as many as it answers in the time that one may well wait."""

import time
from collections.abc import Callable

_WAIT = 0.075  # seconds
_LEAST = 32  # requests; fewer are no overload, whatever they cost
_WEIGHT = 0.02  # of the newest gap between two answers in their running mean
_LONGEST = 32  # means, as before a batch's answers; a longer gap counts as so long: something else stood still


class Admission:
    """Bounded by time, not by number alone: a hundred photographs wait as long as a thousand digits do.

    What the worker can do is seen while it has more than one request in hand, from the time between two answers.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.in_hand = 0
        self._most, self._clock = most, clock
        self._between = _WAIT / most
        self._last: float | None = None

    @property
    def bound(self) -> int:
        return min(self._most, max(_LEAST, round(_WAIT / self._between)))

    @property
    def full(self) -> bool:
        return self.in_hand >= self.bound

    def enter(self) -> None:
        self.in_hand += 1

    def leave(self) -> None:
        now = self._clock()
        if self._last is not None:
            gap = min(now - self._last, _LONGEST * self._between)
            self._between += _WEIGHT * (gap - self._between)
        self.in_hand -= 1
        self._last = now if self.in_hand else None
