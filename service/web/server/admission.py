"""Limits the requests in flight to what the worker answers in 75 ms, by its measured rate; the rest get 503 at once."""

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from service.errors import Overloaded
from service.web.error_response import error_response
from service.web.middleware import request_id
from service.web.routing import Protocol

FULL = "Every place is taken; try again."

_MAX_WAIT = 0.075  # seconds
_MIN_LIMIT = 32  # requests; fewer are no overload, whatever they cost
_WEIGHT = 0.02  # of the newest gap between two answers in their running mean
_MAX_GAP = 32  # running means: the pause before a batch is answered; a longer gap has another cause, and is cut

_ID_PLACE = b"{id}"  # in a refusal that is made once for many requests


class Admission:
    """A limit by time, not by number alone: a hundred photographs take as long as a thousand digits.

    The rate is measured from the time between two answers, while the worker has more than one request in flight.
    """

    def __init__(self, max_in_flight: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.in_flight = 0
        self._max_in_flight, self._clock = max_in_flight, clock
        self._seconds_per_answer = _MAX_WAIT / max_in_flight
        self._last_answer: float | None = None

    @property
    def limit(self) -> int:
        return min(self._max_in_flight, max(_MIN_LIMIT, round(_MAX_WAIT / self._seconds_per_answer)))

    @property
    def full(self) -> bool:
        return self.in_flight >= self.limit

    def enter(self) -> None:
        self.in_flight += 1

    def leave(self) -> None:
        now = self._clock()
        if self._last_answer is not None:
            gap = min(now - self._last_answer, _MAX_GAP * self._seconds_per_answer)
            self._seconds_per_answer += _WEIGHT * (gap - self._seconds_per_answer)
        self.in_flight -= 1
        self._last_answer = now if self.in_flight else None


class Place:
    """One request's place among those in flight. It is taken when the whole body is there: what a slow client takes its
    time for is no work of the worker, and must neither fill it nor be measured as its pace.
    """

    __slots__ = ("_admission", "_required", "_state")

    def __init__(self, admission: Admission, required: bool) -> None:
        """Without `required` the request gets in even when the worker is full."""
        self._admission, self._required = admission, required
        self._state: Literal["free", "taken", "left"] = "free"

    def take(self) -> None:
        """Raises Overloaded if the worker has become full since the request's head came."""
        if self._state != "free":
            return
        if self._required and self._admission.full:
            raise Overloaded(FULL)
        self._admission.enter()
        self._state = "taken"

    def leave(self) -> None:
        if self._state == "taken":
            self._admission.leave()
        self._state = "left"


def make_refusal(protocol: Protocol, ident: str, keep_alive: bool, include_body: bool = True) -> bytes:
    """A whole 503 response in the protocol's shape, to the request of that id; without its body for a HEAD request."""
    refusal = _make_refusal(protocol, keep_alive, include_body, int(time.time()))
    return refusal.replace(_ID_PLACE, ident.encode("ascii"), 1)


@lru_cache(16)
def _make_refusal(protocol: Protocol, keep_alive: bool, include_body: bool, second: int) -> bytes:
    """Made once per second, for its date: under overload a refusal must cost next to nothing."""
    response = error_response(Overloaded(FULL), protocol)
    response.headers[request_id.HEADER] = _ID_PLACE.decode()
    return response.to_bytes(keep_alive, include_body)
