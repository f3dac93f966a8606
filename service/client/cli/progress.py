"""A progress bar on standard error, and sentences beside it; the bar only where a person sees it."""

import shutil
import sys
import threading
import time

_INTERVAL = 0.1  # seconds between two drawings
_CLEAR = "\r\x1b[K"
_MAX_WIDTH = 40  # of the bar, in characters


class ProgressBar:
    """Use it in a `with` block. Threads may `say` something meanwhile."""

    def __init__(self, total: int, quiet: bool = False) -> None:
        self._total, self._done, self._quiet = total, 0, quiet
        self._visible = not quiet and sys.stderr.isatty()
        self._started, self._next, self._first = time.monotonic(), 0.0, 0
        self._last = ""
        self._lock = threading.Lock()

    def skip(self, count: int) -> None:
        """What an earlier run has done; it says nothing about how long the rest takes."""
        self._first += count
        self.advance(count)

    def advance(self, count: int) -> None:
        with self._lock:
            self._done += count
            self._last = ""
            if time.monotonic() >= self._next:
                self._draw()

    def say(self, sentence: str) -> None:
        """Above the bar. The same sentence again, before anything advances, is left out."""
        with self._lock:
            if self._quiet or sentence == self._last:
                return
            self._last = sentence
            print(f"{_CLEAR if self._visible else ''}{sentence}", file=sys.stderr, flush=True)
            self._draw()

    def _draw(self) -> None:
        if not self._visible:
            return
        now = time.monotonic()
        self._next = now + _INTERVAL
        text = f" {self._done}/{self._total} images{self._describe_rest(now - self._started)}"
        width = min(_MAX_WIDTH, shutil.get_terminal_size().columns - len(text) - 3)
        full = width * self._done // max(1, self._total)
        bar = f"[{'#' * full}{'-' * (width - full)}]" if width > 0 else ""
        print(f"{_CLEAR}{bar}{text}", end="", file=sys.stderr, flush=True)

    def _describe_rest(self, seconds: float) -> str:
        done = self._done - self._first
        if not done or self._done >= self._total:
            return ""
        minutes, rest = divmod(round(seconds * (self._total - self._done) / done), 60)
        return f", {minutes}:{rest:02} left"

    def __enter__(self) -> "ProgressBar":
        self._draw()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._draw()
            if self._visible:
                print(file=sys.stderr)
