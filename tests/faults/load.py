"""A load of questions from several clients, and a tally of how they were answered."""

import http.client
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.faults.questions import Question, make_question
from tests.support.waiting import comes_true

_PAUSE = 0.02  # seconds after an answer that was none, so that a service that is down is not flooded
_MARGIN = 2.0  # seconds beyond a request's deadline, after which its answer counts as late
OUTCOMES = ("right", "refused", "cut", "late", "other", "wrong")


@dataclass
class Tally:
    """Counts of outcomes, and when the last right answer came, on the monotonic clock.

    `refused` is 503 or 504; `cut` a connection without an answer; `late` one after the deadline and a margin.
    """

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    last_right: float = 0.0

    def add(self, outcome: str, example: str = "") -> None:
        self.counts[outcome] += 1
        self.examples.setdefault(outcome, example)
        if outcome == "right":
            self.last_right = time.monotonic()

    def describe(self) -> str:
        return ", ".join(f"{self.counts[outcome]:,} {outcome}" for outcome in OUTCOMES if self.counts[outcome])


class Load:
    """Clients that ask one question after another until the `with` ends, each on a connection that it keeps."""

    def __init__(self, address: str, request_seconds: float, clients: int = 6, seed: int = 0) -> None:
        self.tally = Tally()
        self._address, self._limit = address, request_seconds + _MARGIN
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, args=(seed + client,)) for client in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * self._limit)

    def wait_for(self, outcome: str, count: int, seconds: float) -> bool:
        """Whether `count` more of that outcome come within so many seconds."""
        goal = self.tally.counts[outcome] + count
        return comes_true(lambda: self.tally.counts[outcome] >= goal, seconds)

    def _work(self, seed: int) -> None:
        dice, connection = random.Random(seed), self._connect()
        while not self._stop.is_set():
            outcome, example = self._ask(connection, make_question(dice))
            with self._lock:
                self.tally.add(outcome, example)
            if outcome in ("cut", "late"):
                connection.close()
            if outcome != "right":
                time.sleep(_PAUSE)
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address, timeout=2 * self._limit)

    def _ask(self, connection: http.client.HTTPConnection, question: Question) -> tuple[str, str]:
        began = time.monotonic()
        try:
            connection.request("POST", question.path, question.body, question.headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            return ("late" if time.monotonic() - began > self._limit else "cut"), repr(error)
        if time.monotonic() - began > self._limit:
            return "late", f"{question.path}: {time.monotonic() - began:.1f} s"
        if response.status in (503, 504):
            return "refused", f"{response.status} {body.decode()}"
        if response.status != 200:
            return "other", f"{question.path}: {response.status} {body[:300]!r}"
        return ("right", "") if question.is_right(body) else ("wrong", f"{question.path}: {body[:300]!r}")
