"""Counters by name that all workers share, in a file of fixed size: no name that a client makes up takes memory.

Nothing is locked, so that a worker which is stopped or killed holds up no other. Two workers that count the same name
in the same microsecond may lose one count.
"""

import hashlib
import logging
import mmap
import os
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

log = logging.getLogger(__name__)

_BUCKETS, _SLOTS = 1 << 13, 8  # slots per bucket
_FIELDS = 3  # of a slot, in 8 bytes each: the name's fingerprint, its count, its end in nanoseconds
SIZE = _BUCKETS * _SLOTS * _FIELDS * 8  # bytes: 1.5 MiB, for 65,536 names
_CACHED = 1024


class Counters:
    """A counter ends some seconds after its first count. A new name takes the slot of one that has ended, or else of
    the one that counts least: who sends most is never forgotten."""

    def __init__(self, path: Path, clock: Callable[[], int] = time.monotonic_ns) -> None:
        """`clock` must be the same for all processes; one that nobody sets does not jump."""
        self._table = memoryview(_open_file(path)).cast("Q")
        self._clock = clock

    def add(self, name: str, seconds: int, amount: int = 1) -> int:
        """The count with this one in it; a counter that begins ends after `seconds`."""
        table, now = self._table, self._clock()
        fingerprint, start = _locate(name)
        slot = self._find(fingerprint, start)
        if slot is None:
            slot = min(_list_slots(start), key=lambda slot: (table[slot + 2] > now, table[slot + 1]))
        if table[slot] != fingerprint or table[slot + 2] <= now:
            table[slot], table[slot + 1], table[slot + 2] = fingerprint, 0, now + seconds * 1_000_000_000
        table[slot + 1] += amount
        return table[slot + 1]

    def read(self, name: str) -> tuple[int, float]:
        """The count, and the seconds until it ends; zeros for a name that is not counted."""
        slot = self._find(*_locate(name))
        left = 0 if slot is None else self._table[slot + 2] - self._clock()
        return (self._table[slot + 1], left / 1e9) if slot is not None and left > 0 else (0, 0.0)

    def _find(self, fingerprint: int, start: int) -> int | None:
        table = self._table
        for slot in _list_slots(start):
            if table[slot] == fingerprint:
                return slot
        return None


@lru_cache(_CACHED)
def _locate(name: str) -> tuple[int, int]:
    """A name's fingerprint, and where its bucket starts."""
    digest = hashlib.blake2b(name.encode(errors="surrogateescape"), digest_size=12).digest()
    bucket = int.from_bytes(digest[8:]) % _BUCKETS
    return int.from_bytes(digest[:8]) or 1, bucket * _SLOTS * _FIELDS


def _list_slots(start: int) -> range:
    return range(start, start + _SLOTS * _FIELDS, _FIELDS)


def _open_file(path: Path) -> mmap.mmap:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, SIZE)  # a write to a hole on a full disk would end the process by SIGBUS
            return mmap.mmap(descriptor, SIZE)
        finally:
            os.close(descriptor)
    except OSError as error:
        log.error("%s cannot be made (%s): each worker limits rates by its own counts", path, error.strerror)
        return mmap.mmap(-1, SIZE)
