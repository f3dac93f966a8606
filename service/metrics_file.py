"""One process's file of metrics, on a disk that may be full."""

import contextlib
import logging
import mmap
import os
from pathlib import Path
from typing import Any

from prometheus_client.mmap_dict import MmapedDict

log = logging.getLogger(__name__)

LOST_MARK = "lost"  # the file `lost_<pid>`: that process counts without metrics files
_SIZE = 1 << 16  # bytes of a new file: prometheus_client's own number
_EMPTY = 8  # bytes of a file's head

_reported_by = 0  # process that has logged it


class AllocatedDict(MmapedDict):
    """Takes the disk's space before it is mapped; raises OSError if there is none.

    prometheus_client only sets the file's size: on a full disk, the first write to such a page is a SIGBUS.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode:
            with Path(filename).open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, max(_SIZE, file.tell()))
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]
        self._f: Any = _AllocatedFile(self._f)


class MetricsFile(AllocatedDict):
    """Where the disk is full, the values stay in this process's memory, and the service serves on."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        try:
            super().__init__(filename, read_mode)
        except OSError as error:
            with contextlib.suppress(OSError):
                Path(filename).unlink(missing_ok=True)
            self._capacity, self._used, self._positions = _SIZE, _EMPTY, {}
            self._use_memory(Path(filename), error)

    def _init_value(self, key: str) -> None:
        """Called by prometheus_client for a key that it has not had yet."""
        try:
            super()._init_value(key)  # type: ignore[no-untyped-call]
        except OSError as error:
            self._f.close()
            self._use_memory(Path(self._fname), error)
            super()._init_value(key)  # type: ignore[no-untyped-call]

    def _use_memory(self, path: Path, error: OSError) -> None:
        """What the file holds already goes on being counted; it changes no more."""
        self._fname, self._f = str(path), _Memory()
        self._m = mmap.mmap(-1, self._capacity)
        _report(path, error)


class _AllocatedFile:
    """A file that grows by space, where prometheus_client grows it by size."""

    def __init__(self, file: Any) -> None:
        self.fileno, self.close = file.fileno, file.close

    def truncate(self, size: int) -> None:
        os.posix_fallocate(self.fileno(), 0, size)


class _Memory:
    """Stands for a file: mapped, it is memory that no other process reads.

    prometheus_client keeps every value beside it, so that it may be empty after it has grown.
    """

    def fileno(self) -> int:
        return -1

    def truncate(self, size: int) -> None:
        pass

    def close(self) -> None:
        pass


def _report(path: Path, error: OSError) -> None:
    """Once per process."""
    global _reported_by
    if _reported_by == os.getpid():
        return
    _reported_by = os.getpid()
    log.error("%s cannot be written (%s): process %d serves on without metrics", path, error.strerror, os.getpid())
    with contextlib.suppress(OSError):  # an empty file needs no space on most disks
        path.with_name(f"{LOST_MARK}_{os.getpid()}").touch()
