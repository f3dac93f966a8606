"""Looks at the folder of models and the files in it, and says what is wrong with it or with a model's folder."""

import os
from pathlib import Path

from service import metrics
from service.engine.model_folder import ModelDir, VersionFiles, inspect, scan
from service.engine.problem_log import ProblemLog

_REMIND_SECONDS = 60.0


class ModelWatch:
    def __init__(self, model_dir: Path) -> None:
        self._model_dir = model_dir
        self._dir_log = ProblemLog(_REMIND_SECONDS)
        self._folder_log = ProblemLog()

    def look(self, serving: bool) -> ModelDir | None:
        """What is there; None if that cannot be said: it cannot be read, or it is empty, as an unmounted volume is,
        while models serve."""
        look, problem = self._scan(serving)
        self._dir_log.update({os.fspath(self._model_dir): problem} if problem else {})
        metrics.MODEL_DIR_PROBLEM.set(bool(problem))
        if look is not None:
            for subject in self._folder_log.update(look.unreadable | look.ignored):
                reason = "number" if subject in look.ignored else "files"
                metrics.VERSION_REFUSED.labels(subject.partition("/")[0], reason).inc()
        return look

    def _scan(self, serving: bool) -> tuple[ModelDir | None, str]:
        kept = " The versions that are loaded go on serving." if serving else ""
        try:
            look = scan(self._model_dir)
        except OSError as error:
            return None, f"INKPAW_MODEL_DIR cannot be read: {error.strerror}.{kept}"
        if serving and not look.versions and not look.unreadable:
            return None, f"INKPAW_MODEL_DIR is empty.{kept}"
        return look, ""


class FileWatch:
    """The files of versions at this look and at the one before. A look reads those that it is asked for, once."""

    def __init__(self) -> None:
        self._now: dict[tuple[str, int], VersionFiles] = {}
        self._before: dict[tuple[str, int], VersionFiles] = {}

    def start_look(self) -> None:
        self._before, self._now = self._now, {}

    def inspect(self, key: tuple[str, int], folder: Path) -> VersionFiles:
        if key not in self._now:
            self._now[key] = inspect(folder)
        return self._now[key]

    def is_still(self, key: tuple[str, int]) -> bool:
        """Whether this look found the same files as the one before."""
        return key in self._now and self._now[key] == self._before.get(key)

    def was_inspected(self, key: tuple[str, int]) -> bool:
        """At the look before this one."""
        return key in self._before
