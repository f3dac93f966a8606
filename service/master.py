"""gunicorn's master, and what it does on signals; docs/supervision.md has the table."""

import contextlib
import os
import queue
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from service.parent import die_with_parent
from service.supervisor import Supervisor

_STOP_INTERVAL = 0.05  # seconds between two looks at a process that stops


class Master(Arbiter):  # type: ignore[misc]
    """Not ready from the first SIGTERM on; it stops `drain_seconds` later, when load balancers have noticed."""

    def __init__(
        self, app: BaseApplication, draining_mark: Path, drain_seconds: float, grpc: Supervisor | None
    ) -> None:
        """`grpc` is stopped when the workers are."""
        super().__init__(app)
        self._grpc = grpc
        self._draining_mark, self._drain_seconds = draining_mark, drain_seconds
        self._stop_at: float | None = None

    def signal(self, sig: int, frame: FrameType | None) -> None:
        """Called when a signal arrives; the name is gunicorn's, as are those of all methods below."""
        if sig != signal.SIGTERM:
            super().signal(sig, frame)
        elif self._stop_at is None:  # another SIGTERM changes nothing
            self._stop_at = time.monotonic() + self._drain_seconds
            with contextlib.suppress(OSError):  # a full disk must not keep it from stopping
                self._draining_mark.touch()
            self.wakeup()

    def wait_for_signals(self, timeout: float | None = 1.0) -> list[int]:
        self._stop_if_due()
        if self._stop_at is not None and timeout is not None:
            timeout = min(timeout, max(0.0, self._stop_at - time.monotonic()))
        return super().wait_for_signals(timeout)  # type: ignore[no-any-return]

    def _stop_if_due(self) -> None:
        if self._stop_at is not None and time.monotonic() >= self._stop_at:
            raise StopIteration  # gunicorn's way to a graceful stop

    def kill_workers(self, sig: int) -> None:
        if self._grpc is not None and sig == signal.SIGTERM:
            self._grpc.begin_stop()
        elif self._grpc is not None and sig == signal.SIGQUIT:
            self._grpc.kill()
        super().kill_workers(sig)

    def stop(self, graceful: bool = True) -> None:
        end = time.monotonic() + self.cfg.graceful_timeout
        super().stop(graceful)
        while self._grpc is not None and self._grpc.is_running and time.monotonic() < end:
            with contextlib.suppress(queue.Empty):
                if self.SIG_QUEUE.get_nowait() in (signal.SIGINT, signal.SIGQUIT):
                    self._grpc.kill()
            time.sleep(_STOP_INTERVAL)

    def handle_usr2(self) -> None:
        self.log.warning("SIGUSR2 does nothing here: start another service, and stop this one with SIGTERM")

    def spawn_worker(self) -> Any:
        """Signals wait until the new worker has its own handlers: the master's would take them and do nothing."""
        self._stop_if_due()
        signal.pthread_sigmask(signal.SIG_BLOCK, self.SIGNALS)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self.SIGNALS)


def start_clock(_: Master, worker: Any) -> None:
    """Before a worker is forked: gunicorn's timeout runs from now on, not from the worker's first sign of life."""
    worker.tmp.notify()


def prepare_worker(master: Master, worker: Any) -> None:
    """In a worker that was just forked: it ends with its master, and at once on a signal that comes before gunicorn's
    handlers are there."""
    die_with_parent(worker.ppid)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, lambda *_: os._exit(0))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, master.SIGNALS)


def set_quick_stop(_: Any) -> None:
    """In a worker that has gunicorn's handlers: those for a quick stop print tracebacks when they are called twice, as
    Ctrl-C does: the terminal sends SIGINT, which is for the master, and the master SIGQUIT."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, lambda *_: os._exit(0))
