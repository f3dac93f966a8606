"""Kubernetes' rule for the number of pods, as its documentation gives it, with the behaviour of our manifests."""

import math
from collections import deque
from dataclasses import dataclass

MIN_PODS, MAX_PODS = 2, 10
SYNC_SECONDS = 15
TOLERANCE = 0.1
UP_PERCENT, UP_PERIOD = 100, 30  # at most so much more within so many seconds
DOWN_PERCENT, DOWN_PERIOD = 25, 60
DOWN_WINDOW = 300  # seconds whose highest wish counts


@dataclass(frozen=True)
class Targets:
    """Per pod, by the name of the signal."""

    values: dict[str, float]


class Autoscaler:
    """`decide` is called every `SYNC_SECONDS`."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._wishes: deque[tuple[int, int]] = deque()
        self._counts: deque[tuple[int, int]] = deque()

    def decide(self, now: int, pods: int, ready: int, signals: dict[str, float]) -> int:
        """The number of pods from now on. `signals` are means over the `ready` ones of all `pods`."""
        wish = max(self._wish(pods, ready, signals[name] / target) for name, target in self._targets.values.items())
        self._wishes.append((now, min(MAX_PODS, max(MIN_PODS, wish))))
        self._counts.append((now, pods))
        _forget(self._wishes, now - DOWN_WINDOW)
        _forget(self._counts, now - max(UP_PERIOD, DOWN_PERIOD))
        wish = self._wishes[-1][1]
        if wish > pods:
            return min(wish, math.ceil(self._get_count(now - UP_PERIOD) * (1 + UP_PERCENT / 100)))
        stable = min(pods, max(wish for _, wish in self._wishes))
        return max(stable, math.floor(self._get_count(now - DOWN_PERIOD) * (1 - DOWN_PERCENT / 100)))

    def _wish(self, pods: int, ready: int, ratio: float) -> int:
        """Pods that start count as idle where more would be wanted."""
        if abs(ratio - 1) <= TOLERANCE:
            return pods
        if ratio < 1:
            return math.ceil(ready * ratio)
        cautious = ratio * ready / pods
        return math.ceil(pods * cautious) if cautious > 1 + TOLERANCE else pods

    def _get_count(self, since: int) -> int:
        """The number of pods at the start of the period."""
        return next(count for at, count in self._counts if at >= since)


def _forget(entries: deque[tuple[int, int]], before: int) -> None:
    while entries and entries[0][0] < before:
        entries.popleft()
