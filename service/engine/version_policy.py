"""Which versions of each model stay loaded, what its labels point at, and the share of its canary: one JSON file, read
when it changes.

    {"digits": {"versions": 2, "labels": {"stable": 1, "canary": 2}, "canary_percent": 5},
     "cats-dogs": {"versions": [1, 3]}}

`versions` is how many of the newest, a list of numbers, or "all". Without a file, or for a model that it does not
name: the newest. A labelled version stays loaded whatever the policy. A rollout goes forward or back by moving a label.
`canary_percent` counts before the setting of that name.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from service.catalog import State
from service.plain_file import read_plain_file

log = logging.getLogger(__name__)

_MAX_BYTES = 1 << 20
_MAX_NUMBER = 10**18 - 1  # as in the model folder: 18 digits

Number = Annotated[int, msgspec.Meta(ge=0, le=_MAX_NUMBER)]
Policy = Literal["all"] | int | frozenset[int]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    versions: Literal["all"] | Annotated[int, msgspec.Meta(ge=1, le=_MAX_NUMBER)] | frozenset[Number] = 1
    labels: dict[str, Number] = {}
    canary_percent: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None


class VersionPolicies:
    """The file's content when it was last valid: a broken file is logged, and changes nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._raw = b"{}"
        self._problem = ""
        self._entries: dict[str, Entry] = {}

    def refresh(self) -> None:
        """Read the file again if it has changed."""
        if self._path is None:
            return
        try:
            raw = read_plain_file(self._path, _MAX_BYTES)
            if raw == self._raw and not self._problem:
                return
            self._entries = msgspec.json.decode(raw, type=dict[str, Entry])
            self._raw, self._problem = raw, ""
            log.info("%s: policies for %s", self._path, ", ".join(self._entries) or "no model")
        except OSError as error:
            self._report(error.strerror or str(error))
        except (ValueError, RecursionError, msgspec.DecodeError) as error:
            self._report(str(error))

    def _report(self, problem: str) -> None:
        if problem != self._problem:
            log.error("%s cannot be read; its last valid content stays in force: %s", self._path, problem)
        self._problem = problem

    def versions(self, name: str) -> Policy:
        return self._entries.get(name, Entry()).versions

    def labels(self, name: str) -> dict[str, int]:
        return self._entries.get(name, Entry()).labels

    def canary_percent(self, name: str) -> float | None:
        """None where the file does not say it."""
        return self._entries.get(name, Entry()).canary_percent


@dataclass(frozen=True)
class Steps:
    """Versions to load now, and versions to unload now."""

    load: tuple[int, ...]
    unload: tuple[int, ...]


def select_versions(
    on_disk: Collection[int], failed: Collection[int], policy: Policy, labelled: Collection[int] = ()
) -> set[int]:
    """The versions that policy and labels ask for; an older version takes the place of one that failed."""
    usable = sorted(set(on_disk) - set(failed))
    kept = set(usable) & set(labelled)
    if policy == "all":
        return set(usable)
    if isinstance(policy, int):
        return kept | set(usable[-policy:])
    return kept | (set(usable) & set(policy))


def plan_steps(selected: Collection[int], states: Mapping[int, State], unload_first: bool = False) -> Steps:
    """The next steps. Nothing is unloaded before every selected version answers, so that one always does.

    With `unload_first`, what is not selected goes before that, so that two need not fit into memory.
    """
    loaded = {number for number, state in states.items() if state == "AVAILABLE"}
    missing = set(selected) - loaded
    surplus = loaded - set(selected)
    return Steps(tuple(sorted(missing, reverse=True)), () if missing and not unload_first else tuple(sorted(surplus)))
