"""An engine's heartbeat: a small file that the engine's loop writes twice a second, for its supervisor and the workers.

Reading it needs neither TensorFlow nor an answer, so it tells of an engine that hangs, whatever it hangs in. Where
there is no such file, for example because the disk is full, an engine counts as well.
"""

import contextlib
import logging
import os
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger(__name__)

INTERVAL = 0.5  # seconds between two beats
START_SECONDS = 120.0  # for an engine to import TensorFlow, find its device and listen

_SILENT_SECONDS = 2.0  # without a beat, after which workers wait no longer
_REPLACE_SECONDS = 10.0  # within which the supervisor has killed an engine that hangs, and started another
_RECORD = struct.Struct("<dddd")
_OF_ENGINE = struct.Struct("<ddd")  # the part that the engine writes


class Pulse(NamedTuple):
    """Times are on the machine's monotonic clock, in seconds; 0.0 stands for none."""

    last_beat: float  # none until the engine serves
    batch_started: float  # of the batch that has been running longest
    loads: float  # versions being loaded, which may hold the interpreter and with it the loop
    down_since: float  # when the first of the engines was started that have not served yet

    def is_silent(self, now: float) -> bool:
        """Whether the engine serves and yet has stopped moving. A long batch is no silence, nor is a load."""
        return bool(self.last_beat and not self.loads and now - self.last_beat > _SILENT_SECONDS)

    def describe_hang(self, now: float, stall_seconds: float) -> str:
        """What is wrong for so long that the supervisor should have mended it by now; empty if nothing is."""
        if not self.last_beat:
            seconds, what, limit = now - self.down_since, "has not started", START_SECONDS
        elif now - self.last_beat > _SILENT_SECONDS or not self.batch_started:
            seconds, what, limit = now - self.last_beat, "has not moved", stall_seconds
        else:
            seconds, what, limit = now - self.batch_started, "has been running one batch", stall_seconds
        return f"The engine {what} for {seconds:.0f} s." if seconds > limit + _REPLACE_SECONDS else ""


def get_path(engine_socket: Path) -> Path:
    """The heartbeat's file of the engine with that socket."""
    return engine_socket.with_suffix(".beat")


def read(path: Path) -> Pulse | None:
    """The pulse now; None if nothing is known."""
    try:
        return Pulse(*_RECORD.unpack(path.read_bytes()))
    except (OSError, struct.error):
        return None


def reset(path: Path) -> None:
    """To be called before an engine is started: it has no beat yet, and what the last one wrote is over."""
    last = read(path)
    down_since = time.monotonic() if last is None or last.last_beat else last.down_since
    try:
        path.write_bytes(_RECORD.pack(0.0, 0.0, 0.0, down_since))
    except OSError as error:
        log.error("%s cannot be written (%s): an engine that hangs is not noticed", path, error.strerror)
        with contextlib.suppress(OSError):
            path.unlink()


class Heartbeat:
    """The engine's side. `beat` is called by its loop, `loading` is entered by whoever loads a version."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._last_beat = self._batch_started = 0.0
        self._loads = 0
        try:
            self._file: int | None = os.open(path, os.O_WRONLY)
        except OSError:  # the supervisor could not make it, and has said so
            self._file = None

    def beat(self, batch_started: float) -> None:
        with self._lock:
            self._last_beat, self._batch_started = time.monotonic(), batch_started
            self._write()

    @contextlib.contextmanager
    def loading(self) -> Iterator[None]:
        self._count_loads(1)
        try:
            yield
        finally:
            self._count_loads(-1)

    def _count_loads(self, change: int) -> None:
        with self._lock:
            self._loads += change
            self._write()

    def _write(self) -> None:
        if self._file is None:
            return
        try:
            os.pwrite(self._file, _OF_ENGINE.pack(self._last_beat, self._batch_started, self._loads), 0)
        except OSError as error:  # without the file the engine counts as well; with an old one it would be killed
            log.error("%s cannot be written (%s): an engine that hangs is not noticed", self._path, error.strerror)
            with contextlib.suppress(OSError):
                self._path.unlink()
            os.close(self._file)
            self._file = None
