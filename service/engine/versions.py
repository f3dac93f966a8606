"""Which versions of a servable should be loaded: a decision as a pure function of what is there and what is loaded."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from service.catalog import State

Policy = Literal["all"] | int | frozenset[int]


@dataclass(frozen=True)
class Plan:
    """Versions to load now, and versions to unload now."""

    load: tuple[int, ...]
    unload: tuple[int, ...]


def wanted(found: Collection[int], failed: Collection[int], policy: Policy) -> set[int]:
    """What the policy asks for; a version that failed does not count, so an older one takes its place."""
    usable = sorted(set(found) - set(failed))
    if policy == "all":
        return set(usable)
    if isinstance(policy, int):
        return set(usable[-policy:])
    return set(usable) & set(policy)


def plan(found: Collection[int], states: Mapping[int, State], failed: Collection[int], policy: Policy) -> Plan:
    """The next steps. Nothing is unloaded before everything wanted answers, so that one always does."""
    want = wanted(found, failed, policy)
    loaded = {number for number, state in states.items() if state == "AVAILABLE"}
    missing = want - loaded
    surplus = loaded - want
    return Plan(tuple(sorted(missing, reverse=True)), () if missing else tuple(sorted(surplus)))
