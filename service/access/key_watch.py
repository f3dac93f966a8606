"""The keys of the settings: from a file, which is read again when it changes, and from the environment."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from service.access.keys import Key, KeyRing, KeysError, parse_entries
from service.plain_file import read_plain_file

log = logging.getLogger(__name__)

_MAX_FILE = 1 << 18  # bytes
_LOOK_SECONDS = 1.0

Look = tuple[int, int, int]


def read_keys(entries: str | None, path: Path | None) -> KeyRing:
    """`entries` as in the environment, separated by commas. Raises KeysError, also if there is no key at all."""
    lines = entries.split(",") if entries else []
    keys = parse_entries(lines)
    if path is not None:
        try:
            keys += parse_entries(read_plain_file(path, _MAX_FILE).decode("utf-8").splitlines())
        except OSError as error:
            raise KeysError(error.strerror or str(error)) from None
        except UnicodeDecodeError:
            raise KeysError("it is no text") from None
    ring = KeyRing(keys)
    if not len(ring):
        raise KeysError("there is no key in it")
    return ring


class KeyWatch:
    """Looks at the file at most once a second. A file that is broken changes nothing; before the first good one no key
    is known, so nobody gets in."""

    def __init__(self, entries: str | None, path: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries, self._path, self._clock = entries, path, clock
        self._ring = KeyRing([])
        self._look: Look | None = None
        self._next_look = clock() + _LOOK_SECONDS
        self._read()

    def find(self, key: str) -> Key | None:
        if self._path is not None and self._clock() >= self._next_look:
            self._next_look = self._clock() + _LOOK_SECONDS
            if self._take_look() != self._look:
                self._read()
        return self._ring.find(key)

    def _read(self) -> None:
        self._look = self._take_look()  # before the file is read: a change meanwhile is seen at the next look
        try:
            self._ring = read_keys(self._entries, self._path)
        except KeysError as error:
            log.error("INKPAW_KEYS_FILE=%s cannot be read, the keys stay as they were: %s", self._path, error)

    def _take_look(self) -> Look | None:
        try:
            status = self._path.stat() if self._path is not None else None
        except OSError:
            return None
        return status and (status.st_mtime_ns, status.st_size, status.st_ino)
