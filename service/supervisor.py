"""Keeps the engines running: gunicorn's master starts them, replaces those that end or hang, and stops them last."""

import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from service import heartbeat, metrics
from service.hardware import make_environment
from service.heartbeat import INTERVAL, START_SECONDS, Pulse
from service.metrics_folder import fold_ended

log = logging.getLogger("gunicorn.error")

_STABLE_SECONDS = 10.0  # an engine that lived as long was not failing at its start
_PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0)  # seconds before the next start, by failures in a row
_STOP_SECONDS = 3.0  # for an engine to end when it is asked to; no client waits for it any more
_SILENT_SECONDS = 4.0  # without a beat, after which an engine that does not load is killed
_SEEN_SECONDS = 2.0  # for which a batch must have been seen: a pause of the whole machine is not the batch's fault
_STOP_SIGNAL = signal.SIGUSR1  # the engine ignores SIGTERM, which systemd sends to every process of the service

# Popen waits for its child to close a pipe. A worker that gunicorn forks at that moment would hold the pipe open for as
# long as it lives, and nothing would watch the engine: so nothing is forked while an engine is spawned. Nor while a
# metric's lock is held, which would never be released in the worker.
_spawning = threading.Lock()
os.register_at_fork(before=_spawning.acquire, after_in_parent=_spawning.release, after_in_child=_spawning.release)


class HangDetector:
    """Adds up for how long an engine has not moved, from look to look: time in which nobody looked does not count, as
    when the whole machine was paused."""

    def __init__(self, stall_seconds: float) -> None:
        self._stall_seconds = stall_seconds
        self._last: Pulse | None = None
        self._starting = self._silent = self._in_batch = 0.0

    def look(self, pulse: Pulse | None, seconds: float) -> str:
        """Why the engine must be replaced: `start`, `silent` or `batch`; empty if it need not. `seconds` have passed
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
    """The engine of one device. It is spawned, never forked from a process that holds threads or TensorFlow."""

    def __init__(self, index: int, device: str, engine_socket: Path, stall_seconds: float) -> None:
        """`stall_seconds` is the longest that a batch may run."""
        self._command = [sys.executable, "-m", "service.engine", str(index), str(os.getpid())]
        self._env = {**os.environ, **make_environment(device)}
        self._socket, self._heartbeat = engine_socket, heartbeat.get_path(engine_socket)
        self._stall_seconds = stall_seconds
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        self._heartbeat.unlink(missing_ok=True)
        self._thread.start()

    def stop(self) -> None:
        """End the engine; kill it if that takes too long."""
        self._stopping.set()
        with _spawning:  # one that is being spawned now is ended too
            process = self._process
        if process is not None:
            process.send_signal(_STOP_SIGNAL)
        self._thread.join(_STOP_SECONDS)
        if process is not None and self._thread.is_alive():
            process.kill()
            self._thread.join(_STOP_SECONDS)
        self._socket.unlink(missing_ok=True)  # a killed engine leaves it behind

    def _run(self) -> None:
        """The engine ends with this thread (see `die_with_parent`), so nothing may end it before `stop`."""
        failures = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                self._run_engine()
            except Exception:  # for example no memory or no file descriptor: the next try may find some
                log.exception("The engine could not be started")
            failed_at_start = time.monotonic() - started <= _STABLE_SECONDS
            failures = min(failures + 1, len(_PAUSES) - 1) if failed_at_start else 0
            self._stopping.wait(_PAUSES[failures])

    def _run_engine(self) -> None:
        """Start an engine, and return when it has ended."""
        heartbeat.reset(self._heartbeat)
        with _spawning:
            if self._stopping.is_set():
                return
            # a group of its own: Ctrl-C in a terminal must not end it before the workers have answered
            process = self._process = subprocess.Popen(self._command, env=self._env, process_group=0)
        try:
            self._watch(process.pid)
        finally:
            process.kill()  # does nothing if it has ended
            process.wait()
        fold_ended()
        if not self._stopping.is_set():
            log.error("The engine (pid %d) has ended; it is started again", process.pid)

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
                log.error("The engine (pid %d) hangs (%s); it is killed", pid, reason)
                with _spawning:
                    metrics.ENGINE_HANGS.labels(reason).inc()
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                while not ended.poll(60_000):
                    log.error("The engine (pid %d) was killed and does not end: its device may be lost", pid)
        finally:
            os.close(handle)

    def _wait_for_hang(self, ended: select.poll) -> str:
        """Return why the engine must be replaced, or empty once it has ended."""
        detector, looked = HangDetector(self._stall_seconds), time.monotonic()
        while not ended.poll(INTERVAL * 1000):
            now = time.monotonic()
            reason = detector.look(heartbeat.read(self._heartbeat), min(now - looked, 2 * INTERVAL))
            if reason:
                return reason
            looked = now
        return ""
