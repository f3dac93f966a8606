"""Threads that greenlets wait for, each with its own patience."""

import time
from collections.abc import Callable, Sequence

from gevent.event import AsyncResult
from gevent.lock import BoundedSemaphore
from gevent.threadpool import ThreadPool

from service.client_socket import ClientSocket
from service.errors import ClientDisconnected, DeadlineExceeded

_LOOK_INTERVAL = 0.05  # seconds between two looks at the client


class Patience:
    """How long a request waits: until its deadline, on the monotonic clock, and while its client is there."""

    def __init__(self, deadline: float, client: ClientSocket | None) -> None:
        self._deadline, self._client = deadline, client

    def wait(self, attempt: Callable[[float], bool]) -> None:
        """Call `attempt(seconds)`, which waits for so long, until it is true.

        Raises DeadlineExceeded, ClientDisconnected.
        """
        while not attempt(min(_LOOK_INTERVAL, max(0.0, self._deadline - time.monotonic()))):
            if time.monotonic() >= self._deadline:
                raise DeadlineExceeded("The images were not decoded within the request's time.")
            if self._client is not None and self._client.has_left():
                raise ClientDisconnected


class Task:
    """Work that a thread has begun."""

    def __init__(self, result: AsyncResult) -> None:
        self._result = result

    @property
    def is_done(self) -> bool:
        return bool(self._result.ready())

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it is done within that time."""
        self._result.wait(seconds)
        return self.is_done

    def raise_error(self) -> None:
        """Raises what the work raised, if it is done."""
        if self.is_done:
            self._result.get()


class Lane:
    """Some threads. Who finds none free waits in the greenlet, so that giving up leaves nothing in a queue."""

    def __init__(self, threads: int) -> None:
        self._pool, self._free = ThreadPool(threads), BoundedSemaphore(threads)

    def start(self, work: Callable[[Sequence[int]], None], indices: Sequence[int], patience: Patience) -> Task:
        """Have a thread do the work. Raises DeadlineExceeded, ClientDisconnected if none is free in time."""
        patience.wait(lambda seconds: bool(self._free.acquire(timeout=seconds)))
        result = self._pool.spawn(work, indices)
        result.rawlink(lambda _: self._free.release())
        return Task(result)
