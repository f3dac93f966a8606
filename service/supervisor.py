"""Keeps the master's children running: starts them, replaces those that end or hang, and stops them."""

import logging
import os
import select
import signal
import subprocess
import threading
import time

from service import heartbeat
from service.children import Child
from service.heartbeat import INTERVAL, START_SECONDS, Pulse
from service.metrics_folder import fold_ended

log = logging.getLogger("gunicorn.error")

_STABLE_SECONDS = 10.0  # a child that lived as long was not failing at its start
_PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0)  # seconds before the next start, by failures in a row
_STOP_SECONDS = 3.0  # for a child to end when it is asked to; no client waits for it any more
_SILENT_SECONDS = 4.0  # without a beat, after which a child that does not load is killed
_SEEN_SECONDS = 2.0  # for which a batch must have been seen: a pause of the whole machine is not the batch's fault
_STOP_SIGNAL = signal.SIGUSR1  # children ignore SIGTERM, which systemd sends to every process of the service

# Popen waits for its child to close a pipe. A worker that gunicorn forks at that moment would hold the pipe open for as
# long as it lives, and nothing would watch the child: so nothing is forked while a child is spawned. Nor while a
# metric's lock is held, which would never be released in the worker.
_spawning = threading.Lock()
os.register_at_fork(before=_spawning.acquire, after_in_parent=_spawning.release, after_in_child=_spawning.release)


class HangDetector:
    """Adds up for how long a child has not moved, from look to look: time in which nobody looked does not count, as
    when the whole machine was paused."""

    def __init__(self, stall_seconds: float) -> None:
        self._stall_seconds = stall_seconds
        self._last: Pulse | None = None
        self._starting = self._silent = self._in_batch = 0.0

    def look(self, pulse: Pulse | None, seconds: float) -> str:
        """Why the child must be replaced: `start`, `silent` or `batch`; empty if it need not. `seconds` have passed
        since the last look."""
        last, self._last = self._last, pulse
        if pulse is None:
            return ""
        if not pulse.last_beat:
            self._starting += seconds
            return "start" if self._starting > START_SECONDS else ""
        self._silent = self._silent + seconds if last and pulse.last_beat == last.last_beat else 0.0
        if self._silent > (max(_SILENT_SECONDS, self._stall_seconds) if pulse.loads else _SILENT_SECONDS):
            return "silent"
        if not pulse.batch_started:
            return ""
        self._in_batch = self._in_batch + seconds if last and pulse.batch_started == last.batch_started else 0.0
        seen = self._in_batch >= min(self._stall_seconds, _SEEN_SECONDS)
        return "batch" if seen and pulse.last_beat - pulse.batch_started > self._stall_seconds else ""


class Supervisor:
    """Of one child. It is spawned, never forked from a process that holds threads or TensorFlow."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._env = {**os.environ, **child.environment}
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        self._child.heartbeat.unlink(missing_ok=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def begin_stop(self) -> None:
        """Ask the child to end, and start no other."""
        self._send(_STOP_SIGNAL)

    def kill(self) -> None:
        """End the child at once, and start no other."""
        self._send(signal.SIGKILL)

    def stop(self) -> None:
        """End the child; kill it if that takes too long."""
        self.begin_stop()
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            self.kill()
            self._thread.join(_STOP_SECONDS)
        if self._child.socket is not None:
            self._child.socket.unlink(missing_ok=True)

    def _send(self, number: signal.Signals) -> None:
        self._stopping.set()
        with _spawning:  # one that is being spawned now is ended too
            process = self._process
        if process is not None:
            process.send_signal(number)

    def _run(self) -> None:
        """The child ends with this thread (see `die_with_parent`), so nothing may end it before `stop`."""
        failures = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                self._run_child()
            except Exception:  # for example no memory or no file descriptor: the next try may find some
                log.exception("The %s could not be started", self._child.title)
            failed_at_start = time.monotonic() - started <= _STABLE_SECONDS
            failures = min(failures + 1, len(_PAUSES) - 1) if failed_at_start else 0
            self._stopping.wait(_PAUSES[failures])

    def _run_child(self) -> None:
        """Start the child, and return when it has ended."""
        heartbeat.reset(self._child.heartbeat)
        with _spawning:
            if self._stopping.is_set():
                return
            # a group of its own: Ctrl-C in a terminal must not end it before the workers have answered
            process = self._process = subprocess.Popen(self._child.command, env=self._env, process_group=0)
        try:
            self._watch(process.pid)
        finally:
            process.kill()  # does nothing if it has ended
            process.wait()
        fold_ended()
        if not self._stopping.is_set():
            log.error("The %s (pid %d) has ended; it is started again", self._child.title, process.pid)

    def _watch(self, pid: int) -> None:
        """Wait on the process itself: gunicorn's master reaps every child, so its exit status may be gone already."""
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            ended = select.poll()
            ended.register(handle)
            if reason := self._wait_for_hang(ended):
                log.error("The %s (pid %d) hangs (%s); it is killed", self._child.title, pid, reason)
                with _spawning:
                    self._child.hangs.labels(reason).inc()
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                while not ended.poll(60_000):
                    log.error("The %s (pid %d) was killed and does not end", self._child.title, pid)
        finally:
            os.close(handle)

    def _wait_for_hang(self, ended: select.poll) -> str:
        """Return why the child must be replaced, or empty once it has ended."""
        detector, looked = HangDetector(self._child.stall_seconds), time.monotonic()
        while not ended.poll(INTERVAL * 1000):
            now = time.monotonic()
            reason = detector.look(heartbeat.read(self._child.heartbeat), min(now - looked, 2 * INTERVAL))
            if reason:
                return reason
            looked = now
        return ""
