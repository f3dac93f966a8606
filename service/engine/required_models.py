"""Which models readiness waits for."""

from collections.abc import Set
from pathlib import Path

import msgspec


class RequiredModels:
    """Those of the service's first look at its folder, and those that have answered since.

    Kept in a file, because an engine that is started again must not wait for a newcomer that has never answered.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: Set[str] | None = None  # before the first look

    def update(self, present: Set[str], answering: Set[str]) -> Set[str]:
        """Their names, after a look that found these models; a model that was taken away is not waited for."""
        names = frozenset((self._get_names(present) & present) | answering)
        if names != self._names:
            self._names = names
            self._write(names)
        return names

    def _get_names(self, present: Set[str]) -> Set[str]:
        if self._names is not None:
            return self._names
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=frozenset[str])
        except (OSError, msgspec.DecodeError):
            return present

    def _write(self, names: Set[str]) -> None:
        beside = self._path.with_suffix(".new")
        try:
            beside.write_bytes(msgspec.json.encode(sorted(names)))
            beside.replace(self._path)
        except OSError:  # a full disk: an engine that is started again then waits for every model
            beside.unlink(missing_ok=True)
