"""Bounds the time of a call that cannot be interrupted, for example a read from a volume that has gone away."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class TimeLimit(Generic[Result]):
    """Calls in a thread of their own: one that takes too long is left behind there. `discard` gets what it returns."""

    def __init__(self, seconds: float, discard: Callable[[Result], None]) -> None:
        self._seconds = seconds
        self._discard = discard

    def call(self, function: Callable[[], Result]) -> Result:
        """What the function returns or raises. Raises TimeoutError."""
        results: list[Result] = []
        errors: list[Exception] = []
        lock, abandoned = threading.Lock(), threading.Event()

        def work() -> None:
            try:
                result = function()
            except Exception as error:
                errors.append(error)
                return
            with lock:
                results.append(result)
                if abandoned.is_set():
                    self._discard(result)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(self._seconds)
        with lock:
            if not results and not errors:
                abandoned.set()
                raise TimeoutError(f"It did not load within {self._seconds:g} s.")
        if errors:
            raise errors[0]
        return results[0]
