"""Logs what lasts, without a line for every look at it."""

import logging
import time
from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)


class ProblemLog:
    """One line when a problem appears or its sentence changes, and again after `repeat_seconds`."""

    def __init__(self, repeat_seconds: float = float("inf"), clock: Callable[[], float] = time.monotonic) -> None:
        self._repeat_seconds = repeat_seconds
        self._clock = clock
        self._logged: dict[str, tuple[str, float]] = {}

    def update(self, problems: Mapping[str, str]) -> list[str]:
        """All problems there are now, a sentence by its subject; returns the subjects that are new."""
        now = self._clock()
        new = [subject for subject in problems if subject not in self._logged]
        logged = {}
        for subject, sentence in problems.items():
            earlier, since = self._logged.get(subject, ("", now))
            if sentence != earlier or now - since >= self._repeat_seconds:
                log.error("%s: %s", subject, sentence)
                since = now
            logged[subject] = sentence, since
        self._logged = logged
        return new
