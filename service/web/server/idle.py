"""Connections that wait for their client: each for a bounded time, and closed early when the worker needs to."""

import contextlib
from collections.abc import Iterator
from typing import Any

from gevent import Timeout, getcurrent
from gevent.hub import get_hub


class IdleConnections:
    """By the greenlet that waits, the longest idle first."""

    def __init__(self) -> None:
        self._timeouts: dict[Any, Timeout] = {}

    @contextlib.contextmanager
    def wait(self, seconds: float) -> Iterator[None]:
        """Leave the `with` silently after so many seconds, or when the connection is to close."""
        timeout = Timeout(seconds, False)
        greenlet = getcurrent()
        with timeout:
            self._timeouts[greenlet] = timeout
            try:
                yield
            finally:
                self._timeouts.pop(greenlet, None)

    def close_longest(self) -> None:
        for greenlet in list(self._timeouts)[:1]:
            self._close(greenlet)

    def close_all(self) -> None:
        for greenlet in list(self._timeouts):
            self._close(greenlet)

    def _close(self, greenlet: Any) -> None:
        get_hub().loop.run_callback(greenlet.throw, self._timeouts.pop(greenlet))
