"""A day: arrivals are spread evenly over the ready pods, and the autoscaler sees their measured signals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.bench.autoscaling.hpa import MIN_PODS, SYNC_SECONDS, Autoscaler, Targets
from tests.bench.autoscaling.pod_load import SIGNALS, WEIGHTS, PodLoad

START_SECONDS = 45  # from the wish to a ready pod, on a node that is there and has the image
MEAN_SECONDS = 60  # the autoscaler's metrics are means, as in adapter-rules.yaml


_BINS = 400  # of the load per pod, for latencies


@dataclass(frozen=True)
class Day:
    """Per second."""

    load: PodLoad
    arrivals: NDArray
    ready: NDArray  # pods that answer
    pods: NDArray  # with those that start

    @property
    def rejected(self) -> NDArray:
        """Requests."""
        shares = self.load.interpolate(self.arrivals / self.ready, self.load.rejected)[:, 0]
        return np.asarray(self.arrivals * shares)

    @property
    def pod_hours(self) -> float:
        return float(self.pods.sum() / 3600)

    @property
    def rejected_share(self) -> float:
        return float(self.rejected.sum() / self.arrivals.sum())

    @property
    def p99(self) -> float:
        """Of all answers of the day, in seconds."""
        return self._compute_p99(slice(None))

    def compute_p99_of_parts(self, seconds: int) -> NDArray:
        """Of each part of the day of so many seconds."""
        return np.array([self._compute_p99(slice(at, at + seconds)) for at in range(0, len(self.ready), seconds)])

    def _compute_p99(self, part: slice) -> float:
        """Seconds of nearly the same load per pod are counted together."""
        answered = (self.arrivals - self.rejected)[part]
        offered = np.minimum((self.arrivals / self.ready)[part], self.load.offered[-1])
        bins = (offered / self.load.offered[-1] * (_BINS - 1)).astype(int)
        counts = np.bincount(bins, answered, _BINS)
        loads = np.linspace(0, self.load.offered[-1], _BINS)
        values = self.load.interpolate(loads, self.load.latencies).ravel()
        weights, order = np.outer(counts, WEIGHTS).ravel(), np.argsort(values)
        share = np.cumsum(weights[order]) / weights.sum()
        return float(values[order][np.searchsorted(share, 0.99)])


def simulate(load: PodLoad, arrivals: NDArray, targets: Targets, start_seconds: int = START_SECONDS) -> Day:
    """Pods that are no longer wanted get no request from that moment on."""
    autoscaler = Autoscaler(targets)
    seconds = len(arrivals)
    ready, pods = np.empty(seconds), np.empty(seconds)
    signals = np.zeros((seconds, len(SIGNALS)))
    count = _count_first_pods(load, arrivals)
    starting: list[int] = []  # when each of those pods is ready
    for begin in range(0, seconds, SYNC_SECONDS):
        now = slice(begin, min(seconds, begin + SYNC_SECONDS))
        starting = [at for at in starting if at > begin]
        ready[now], pods[now] = count - len(starting), count
        signals[now] = load.interpolate(arrivals[now] / ready[now], load.signals)
        seen = signals[max(0, now.stop - MEAN_SECONDS) : now.stop].mean(axis=0)
        wish = autoscaler.decide(now.stop, count, count - len(starting), dict(zip(SIGNALS, seen, strict=True)))
        starting += [now.stop + start_seconds] * max(0, wish - count)
        starting = starting[: max(0, len(starting) - max(0, count - wish))]  # the newest go first
        count = wish
    return Day(load, arrivals, ready, pods)


def _count_first_pods(load: PodLoad, arrivals: NDArray) -> int:
    return max(MIN_PODS, int(np.ceil(arrivals[:600].mean() / load.peak / 0.5)))
