"""The candidate targets, what a day costs and loses with each, and those that the manifests have."""

from dataclasses import dataclass
from functools import cache

from numpy.typing import NDArray

from tests.bench.autoscaling.arrivals import make_arrivals
from tests.bench.autoscaling.day import Day, simulate
from tests.bench.autoscaling.hpa import Targets
from tests.bench.autoscaling.pod_load import PodLoad, simulate_loads
from tests.bench.autoscaling.service_times import load_service_times

BUSIEST_PODS = 5  # pods that the busiest hour would fill
CANDIDATES = {
    "engine_utilisation": (0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    "queue_age_seconds": (0.0005, 0.001, 0.02, 0.25),
    "in_flight_share": (0.1, 0.2, 0.3, 0.5, 0.7),
    "cpu": (0.6, 0.7, 0.8),
}
MAX_REFUSED = 0.01  # share of a day's requests: a burst comes faster than a pod
# As in docker/kubernetes/components/autoscale-hpa and autoscale-keda. Utilisation and CPU: the highest candidate that
# keeps MAX_REFUSED for every kind of request. The other two rise only where a pod is full already, so they are nets.
CHOSEN = Targets({"engine_utilisation": 0.5, "queue_age_seconds": 0.02, "in_flight_share": 0.3, "cpu": 0.7})


@dataclass(frozen=True)
class Outcome:
    kind: str  # of request
    targets: Targets
    day: Day


@cache
def load_kinds() -> tuple[PodLoad, ...]:
    return tuple(map(simulate_loads, load_service_times()))


@cache
def _make_day(load_kind: str, peak: float) -> NDArray:
    return make_arrivals(BUSIEST_PODS * peak)


def run_day(load: PodLoad, targets: Targets, **options: int) -> Outcome:
    return Outcome(load.kind, targets, simulate(load, _make_day(load.kind, load.peak), targets, **options))


@cache
def run_alone(name: str, value: float) -> list[Outcome]:
    """One signal alone, for each kind of request."""
    return [run_day(load, Targets({name: value})) for load in load_kinds()]


def choose_target(name: str) -> float:
    """The highest candidate that keeps `MAX_REFUSED`. Raises ValueError if there is none."""
    return max(
        value
        for value in CANDIDATES[name]
        if all(outcome.day.rejected_share <= MAX_REFUSED for outcome in run_alone(name, value))
    )
