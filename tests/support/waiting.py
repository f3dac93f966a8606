"""Waiting with a timeout."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import gevent

T = TypeVar("T")

PAUSE = 0.01


def wait_until(condition: Callable[[], T], seconds: float = 10.0, description: str = "") -> T:
    """Wait for `condition` to return a true value, and return it. Fails the test if it takes too long."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {description or condition}")
        gevent.sleep(PAUSE)  # not time.sleep: greenlets of this thread must run meanwhile


def comes_true(condition: Callable[[], object], seconds: float) -> bool:
    """As `wait_until`, where taking too long is an answer and no failure."""
    try:
        wait_until(condition, seconds)
    except AssertionError:
        return False
    return True


def call_with_timeout(call: Callable[[], T], seconds: float = 5.0) -> T:
    """Call in a thread and return the result. Fails the test if it takes too long; a plain call could hang forever."""
    results: list[T] = []
    thread = threading.Thread(target=lambda: results.append(call()), daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), f"did not return within {seconds} s"
    assert results, "raised"
    return results[0]
