"""Keeps the engines running: gunicorn's master starts them, starts them again when they die, and stops them last."""

import logging
import os
import select
import subprocess
import sys
import threading
import time

from service.hardware import make_environment
from service.metrics_folder import fold_ended

log = logging.getLogger("gunicorn.error")

_STABLE_SECONDS = 10.0  # an engine that lived as long was not failing at its start
_PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0)  # seconds before the next start, by failures in a row
_STOP_SECONDS = 10.0

# Popen waits for its child to close a pipe. A worker that gunicorn forks at that moment would hold the pipe open for as
# long as it lives, and the engine would have no keeper: so nothing is forked while an engine is spawned.
_spawning = threading.Lock()
os.register_at_fork(before=_spawning.acquire, after_in_parent=_spawning.release, after_in_child=_spawning.release)


class Supervisor:
    """The engine of one device. It is spawned, never forked from a process that holds threads or TensorFlow."""

    def __init__(self, index: int, device: str) -> None:
        self._command = [sys.executable, "-m", "service.engine", str(index)]
        self._env = {**os.environ, **make_environment(device)}
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Terminate the engine; kill it if that takes too long."""
        self._stopping.set()
        with _spawning:  # one that is being spawned now is ended too
            process = self._process
        if process is not None:
            process.terminate()
        self._thread.join(_STOP_SECONDS)
        if process is not None and self._thread.is_alive():
            process.kill()
            self._thread.join()

    def _run(self) -> None:
        failures = 0
        while True:
            started = time.monotonic()
            with _spawning:
                if self._stopping.is_set():
                    return
                self._process = subprocess.Popen(self._command, env=self._env)
            _wait_for_end(self._process.pid)
            self._process.poll()
            fold_ended()
            if self._stopping.is_set():
                return
            failed_at_start = time.monotonic() - started <= _STABLE_SECONDS
            failures = min(failures + 1, len(_PAUSES) - 1) if failed_at_start else 0
            log.error("The engine (pid %d) has ended; it is started again", self._process.pid)
            self._stopping.wait(_PAUSES[failures])


def _wait_for_end(pid: int) -> None:
    """Wait on the process itself: gunicorn's master reaps every child, so its exit status may be gone already."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    select.select([handle], [], [])
    os.close(handle)
