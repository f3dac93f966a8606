"""Waiting for something to become true, with an end."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import gevent

T = TypeVar("T")

PAUSE = 0.01


def until(condition: Callable[[], T], seconds: float = 10.0, what: str = "") -> T:
    """The first true answer of `condition`; fails the test if none comes in time."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what or condition}")
        gevent.sleep(PAUSE)  # the greenlets of this thread go on meanwhile


def soon(call: Callable[[], T], seconds: float = 5.0) -> T:
    """What `call` returns; fails the test if it has not come back in time, where a plain call would hang for ever."""
    answers: list[T] = []
    thread = threading.Thread(target=lambda: answers.append(call()), daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), f"did not return within {seconds} s"
    assert answers, "raised"
    return answers[0]
