"""How one pod behaves under each load: what it exports to an autoscaler, its latencies and its refusals.

A pod comes to rest within tenths of a second and an autoscaler looks every 15 s, so a table of states at rest will do.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.bench.autoscaling.pod import CORES, Pod, Rest
from tests.bench.autoscaling.service_times import ServiceTimes

SEED = 19
SHARES = (0.02, 0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.15, 1.4, 2.0)  # of the peak
REQUESTS = 3000  # per load
# finer where a p99 is read; each stands for its share of the answers
_EDGES = np.array((*np.arange(0, 0.91, 0.1), 0.95, 0.975, 0.985, 0.99, 0.995, 0.998, 1))
QUANTILES, WEIGHTS = (_EDGES[1:] + _EDGES[:-1]) / 2, np.diff(_EDGES)
SIGNALS = ("engine_utilisation", "queue_age_seconds", "in_flight_share", "cpu")


@dataclass(frozen=True)
class PodLoad:
    """One row per load, rising."""

    kind: str  # of request
    peak: float  # answers per second at most
    offered: NDArray  # requests per second
    rejected: NDArray  # share of the offered
    signals: NDArray  # [loads, SIGNALS]
    latencies: NDArray  # [loads, QUANTILES] in seconds, of answered requests

    def interpolate(self, offered: NDArray, table: NDArray) -> NDArray:
        """The row of the table at each load, [loads, columns]; beyond the last load, the last row."""
        columns = table.reshape(len(self.offered), -1).T
        return np.stack([np.interp(offered, self.offered, column) for column in columns], axis=1)


def simulate_loads(times: ServiceTimes) -> PodLoad:
    peak = CORES / (times.worker + times.get_batch_seconds(times.largest_batch) / times.largest_batch)
    offered = np.array(SHARES) * peak
    rests = [Pod(times, np.random.default_rng(SEED)).run(rate, REQUESTS) for rate in offered]
    return PodLoad(
        times.kind,
        peak,
        offered,
        np.array([rest.rejected / rest.arrived for rest in rests]),
        np.array([_get_signals(rest) for rest in rests]),
        np.array([np.quantile(rest.latencies, QUANTILES) for rest in rests]),
    )


def _get_signals(rest: Rest) -> list[float]:
    seconds = rest.seconds
    busy, cpu = rest.busy_runners / CORES, rest.busy_cores / CORES
    return [value / seconds for value in (busy, rest.queue_age, rest.in_flight_share, cpu)]
