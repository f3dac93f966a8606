"""Four times the load that it can take: what it still answers, how soon it says no, how long the accepted wait."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.bench import payloads, servers
from tests.bench.background_load import undisturbed
from tests.bench.closed_loop import Result, closed, steady
from tests.bench.config import Run
from tests.bench.open_loop import arrive
from tests.bench.open_loop_client import PATIENCE
from tests.bench.report import Found, Series

TIMES = 4
OTHERS = "neither accepted nor rejected, of all"
TOLD = "99 of 100 not accepted told within, ms"
_SETTLING = 1.0  # seconds of arrivals that are not counted


def digits(run: Run) -> Found:
    """The small net. An answer costs so little here that the client, and each rejection, cost about as much."""
    return _overload("digits", run.small, payloads.one("digits"), run)


def photos(run: Run) -> Found:
    """The shipped cats-dogs, whose answers cost far more than a rejection does."""
    return _overload("photos", run.shipped, payloads.one("cats-dogs", payloads.photo_jpeg(400)), run)


def _overload(title: str, models: Path, ask: payloads.Ask, run: Run) -> Found:
    """The peak is the best of a closed loop with 32, 64 or 128 connections, and its p99 that of saturation."""
    found = Series()
    with servers.service(models) as server:
        closed(server.url, ask, 16, 2)
        for _ in range(run.rounds):
            peak = max((steady(server.url, ask, many, run.seconds) for many in (32, 64, 128)), key=_rate)
            found.add(_flooded(server.url, ask, peak, run.seconds))
        if closed(server.url, ask, 4, 1).failed:
            raise RuntimeError("it did not recover")
    most = {TOLD: 50, "p99 of accepted, over p99 at saturation": 2, OTHERS: 0}
    return Found(found.lines(f"{TIMES} x the load of {title}", {"goodput of peak": 0.90}, most))


def _rate(result: Result) -> float:
    """Of a loop in which something was refused, nothing: that is past the peak."""
    return result.rate if not result.failed else 0.0


def _flooded(url: str, ask: payloads.Ask, peak: Result, seconds: float) -> dict[str, float]:
    """What came of arrivals at that many times the peak, whatever the answers."""
    every = undisturbed(lambda: arrive(url, ask, TIMES * peak.rate, seconds + _SETTLING))
    start = every.sent.min() + _SETTLING
    counted = every.between(start, every.sent.max())
    span = every.sent.max() - start
    accepted, rejected = counted.answered(200), counted.answered(503)
    silent = len(counted.sent) - len(accepted.sent) - len(rejected.sent)
    told_no = np.append(rejected.took, np.full(silent, PATIENCE)) if silent else rejected.took
    ended = every.answered(200).ended_between(start, every.sent.max())
    return {
        "peak, requests/s": peak.rate,
        "arrivals, of the peak": len(counted.sent) / span / peak.rate,
        "goodput of peak": ended / span / peak.rate,
        "half of those not accepted told within, ms": _percentile(told_no, 50) * 1000,
        TOLD: _percentile(told_no, 99) * 1000,
        "p99 at saturation, ms": peak.p99 * 1000,
        "p99 of accepted, ms": accepted.percentile(99) * 1000,
        "p99 of accepted, over p99 at saturation": accepted.percentile(99) / peak.p99,
        OTHERS: silent / len(counted.sent),
        "cores that the client used": every.cores,
    }


def _percentile(seconds: NDArray, share: float) -> float:
    return float(np.percentile(seconds, share)) if len(seconds) else 0.0
