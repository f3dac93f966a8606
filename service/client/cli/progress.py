"""A progress bar on standard error, and sentences beside it; the bar only where a person sees it."""

import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class ProgressBar:
    """Use it in a `with` block."""

    def __init__(self, total: int, quiet: bool = False) -> None:
        self._console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True, quiet=quiet)
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("images"), TimeRemainingColumn())
        self._bar = Progress(*columns, console=self._console, disable=quiet or not sys.stderr.isatty())
        self._task = self._bar.add_task("", total=total)
        self._last = ""

    def advance(self, count: int) -> None:
        self._bar.advance(self._task, count)
        self._last = ""

    def say(self, sentence: str) -> None:
        """Above the bar. The same sentence again, before anything advances, is left out."""
        if sentence != self._last:
            self._console.print(sentence)
            self._last = sentence

    def __enter__(self) -> "ProgressBar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
