"""Requests from many threads at once."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from tests.support.waiting import wait_until

Send = Callable[[requests.Session], requests.Response]

_PAUSE = 0.05  # seconds between retries, so that a service that is down is not flooded


@dataclass
class Load:
    """Calls `send` in a loop in each thread until the `with` ends. `errors` are the requests without a response."""

    send: Send
    threads: int = 8
    responses: list[requests.Response] = field(default_factory=list)
    errors: list[requests.RequestException] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _workers: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Load":
        self._workers = [threading.Thread(target=self._work) for _ in range(self.threads)]
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for worker in self._workers:
            worker.join(60)

    def _work(self) -> None:
        with requests.Session() as session:
            while not self._stop.is_set():
                try:
                    response = self.send(session)
                except requests.RequestException as error:
                    self.errors.append(error)
                    time.sleep(_PAUSE)
                    continue
                self.responses.append(response)
                if response.status_code == 503:
                    time.sleep(_PAUSE)

    @property
    def statuses(self) -> Counter[int]:
        return Counter(response.status_code for response in list(self.responses))

    def wait_for_responses(self, count: int = 20, seconds: float = 30) -> None:
        """Wait for `count` more responses."""
        goal = len(self.responses) + count
        wait_until(lambda: len(self.responses) >= goal, seconds, f"{count} more responses; so far {self.statuses}")


def send_together(*sends: Callable[[], requests.Response]) -> list[requests.Response]:
    """Send all requests at the same time. Returns their responses in the order of `sends`."""
    responses: dict[int, requests.Response] = {}

    def send(index: int) -> None:
        responses[index] = sends[index]()

    threads = [threading.Thread(target=send, args=(index,)) for index in range(len(sends))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(responses) == len(sends), f"{len(sends) - len(responses)} of {len(sends)} got no response"
    return [responses[index] for index in range(len(sends))]
