"""Which versions of each servable stay loaded, and what its labels point at: one JSON file, read when it changes.

    {"digits": {"versions": 2, "labels": {"stable": 1, "canary": 2}}, "cats-dogs": {"versions": [1, 3]}}

`versions` is how many of the newest, a list of the ones wanted, or "all". Without a file, or for a servable that it
does not name: the newest. A labelled version is kept whatever the policy says. Moving a label is how a rollout goes
forward or back.
"""

import logging
from pathlib import Path
from typing import Literal

import msgspec

log = logging.getLogger(__name__)

Policy = Literal["all"] | int | frozenset[int]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    versions: Literal["all"] | int | frozenset[int] = 1
    labels: dict[str, int] = {}

    def __post_init__(self) -> None:
        if isinstance(self.versions, int) and self.versions < 1:
            raise ValueError("versions must be at least 1")


class Policies:
    """What the file said when it was last whole: a broken one is logged, and changes nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen = b"{}"
        self._entries: dict[str, Entry] = {}

    def refresh(self) -> None:
        """Read the file again if it has changed."""
        if self._path is None:
            return
        try:
            raw = self._path.read_bytes()
            if raw == self._seen:
                return
            self._seen = raw
            self._entries = msgspec.json.decode(raw, type=dict[str, Entry])
            log.info("%s: policies for %s", self._path, ", ".join(self._entries) or "nothing")
        except (OSError, msgspec.DecodeError) as error:
            log.error("%s is not read, what it said before holds: %s", self._path, error)

    def versions(self, name: str) -> Policy:
        return self._entries.get(name, Entry()).versions

    def labels(self, name: str) -> dict[str, int]:
        return self._entries.get(name, Entry()).labels
