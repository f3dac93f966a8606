"""Requests from many threads, for as long as a test's `with` lasts."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from tests.support.waiting import until

Send = Callable[[requests.Session], requests.Response]

_PAUSE = 0.05  # a service that is away is asked again, not flooded


@dataclass
class Load:
    """`threads` of them `send` again and again; `answers` are what came back, `broken` what did not."""

    send: Send
    threads: int = 8
    answers: list[requests.Response] = field(default_factory=list)
    broken: list[requests.RequestException] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _workers: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Load":
        self._workers = [threading.Thread(target=self._work) for _ in range(self.threads)]
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for worker in self._workers:
            worker.join(60)

    def _work(self) -> None:
        with requests.Session() as session:
            while not self._over.is_set():
                try:
                    answer = self.send(session)
                except requests.RequestException as error:
                    self.broken.append(error)
                    time.sleep(_PAUSE)
                    continue
                self.answers.append(answer)
                if answer.status_code == 503:
                    time.sleep(_PAUSE)

    @property
    def statuses(self) -> Counter[int]:
        return Counter(answer.status_code for answer in list(self.answers))

    def more(self, count: int = 20, seconds: float = 30) -> None:
        """Wait until so many more answers have come."""
        goal = len(self.answers) + count
        until(lambda: len(self.answers) >= goal, seconds, f"{count} more answers; so far {self.statuses}")


def at_once(*sends: Callable[[], requests.Response]) -> list[requests.Response]:
    """What all of these answer, sent at the same time; raises what any of them raises."""
    answers: dict[int, requests.Response] = {}

    def send(at: int) -> None:
        answers[at] = sends[at]()

    threads = [threading.Thread(target=send, args=(at,)) for at in range(len(sends))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == len(sends), f"{len(sends) - len(answers)} of {len(sends)} got no answer"
    return [answers[at] for at in range(len(sends))]
