"""Accepts a worker's connections such that several workers on one port get about the same number of them."""

import time
from typing import Any

import gevent
from gevent.server import StreamServer

_PAUSE = 0.001  # seconds
_MANY = 16  # connections
_BURST = 4  # connections per pause, once there are many


class Listener(StreamServer):  # type: ignore[misc]
    """Accepts one connection per millisecond, or a few once it has many, and leaves the waiting ones to other workers.

    Without the pause the worker that is awake takes most of a burst, and its clients wait while other workers idle. The
    pause is by time and not by turns of the loop, or a busy worker would fall behind the clients that arrive.
    """

    _budget, _paused_at = 1, 0.0

    def do_read(self) -> Any:
        """Called by gevent for each connection that it may accept."""
        if not self._budget:
            self._paused_at = time.monotonic()
            self.stop_accepting()
            gevent.spawn_later(_PAUSE, self._resume)
            return None
        accepted = super().do_read()
        self._budget = 1 if accepted is None else self._budget - 1  # nobody waits: unused budget is dropped
        return accepted

    def _resume(self) -> None:
        pauses = max(1, int((time.monotonic() - self._paused_at) / _PAUSE))
        self._budget = pauses * (_BURST if len(self.pool) >= _MANY else 1)
        if self.started:
            self.start_accepting()
            self._do_read()  # at once: the time that has passed must give no claim to connections that arrive later
