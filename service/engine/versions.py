"""Which versions of a servable should be loaded: a decision as a pure function of what is there and what is loaded."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from service.catalog import State
from service.engine.version_policy import Policy


@dataclass(frozen=True)
class Plan:
    """Versions to load now, and versions to unload now."""

    load: tuple[int, ...]
    unload: tuple[int, ...]


def wanted(found: Collection[int], failed: Collection[int], policy: Policy, labelled: Collection[int] = ()) -> set[int]:
    """What the policy and the labels ask for; a version that failed gives its place to an older one."""
    usable = sorted(set(found) - set(failed))
    chosen = set(usable) & set(labelled)
    if policy == "all":
        return set(usable)
    if isinstance(policy, int):
        return chosen | set(usable[-policy:])
    return chosen | (set(usable) & set(policy))


def plan(want: Collection[int], states: Mapping[int, State]) -> Plan:
    """The next steps. Nothing is unloaded before everything wanted answers, so that one always does."""
    loaded = {number for number, state in states.items() if state == "AVAILABLE"}
    missing = set(want) - loaded
    surplus = loaded - set(want)
    return Plan(tuple(sorted(missing, reverse=True)), () if missing else tuple(sorted(surplus)))
