"""Where a worker takes connections, so that several workers at one port have about the same number of them."""

import time
from typing import Any

import gevent
from gevent.server import StreamServer

_PAUSE = 0.001  # seconds
_MANY = 16  # connections
_AT_ONCE = 4


class Listener(StreamServer):  # type: ignore[misc]
    """Takes one connection in a millisecond, or a few once it has many, and leaves those that wait to other workers.

    Without the pause whoever is awake takes most of a burst, and its clients wait while other workers idle. By time and
    not by turns of the loop, or a worker with much to do would fall behind those who come.
    """

    _left, _paused = 1, 0.0

    def do_read(self) -> Any:
        if not self._left:
            self._paused = time.monotonic()
            self.stop_accepting()
            gevent.spawn_later(_PAUSE, self._go_on)
            return None
        taken = super().do_read()
        self._left = 1 if taken is None else self._left - 1  # what is not taken up is not saved up
        return taken

    def _go_on(self) -> None:
        pauses = max(1, int((time.monotonic() - self._paused) / _PAUSE))
        self._left = pauses * (_AT_ONCE if len(self.pool) >= _MANY else 1)
        if self.started:
            self.start_accepting()
            self._do_read()  # now, and not when somebody comes: by then the time that has passed gives no claim
