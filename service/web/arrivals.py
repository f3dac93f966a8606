"""How many requests this worker has begun to read and not yet handed to the engine: their rows will follow at once."""

import threading

_lock = threading.Lock()
_mine = threading.local()
_count = 0


def begin() -> None:
    """This thread has a request to read."""
    global _count
    if not getattr(_mine, "reading", False):
        _mine.reading = True
        with _lock:
            _count += 1


def settle() -> None:
    """This thread's request is about to call the engine, or is over."""
    global _count
    if getattr(_mine, "reading", False):
        _mine.reading = False
        with _lock:
            _count -= 1


def count() -> int:
    return _count
