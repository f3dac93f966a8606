"""Four times the load that the service can take: goodput, time to a refusal, and latency of accepted requests."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.bench import payloads, servers
from tests.bench.background_load import run_undisturbed
from tests.bench.closed_loop import ClosedLoopResult, run_closed_loop, run_undisturbed_closed_loop
from tests.bench.config import Config
from tests.bench.open_loop import run_open_loop
from tests.bench.open_loop_client import ANSWER_TIMEOUT
from tests.bench.report import Results, Series

LOAD_FACTOR = 4
GOODPUT = "goodput, over the peak"
REFUSAL_TIME = "time to 99 of 100 refusals, ms"
ACCEPTED_P99 = "p99 of accepted, over p99 at saturation"
UNANSWERED = "share neither accepted nor refused"
_SETTLE_SECONDS = 1.0  # requests of this time are not counted


def measure_digits(config: Config) -> Results:
    """The small net. A response costs so little here that the client and each refusal cost about as much."""
    return _measure("digits", config.small_net_models, payloads.make_image_request("digits"), config)


def measure_photos(config: Config) -> Results:
    """The shipped cats-dogs, where a prediction costs far more than a refusal."""
    request = payloads.make_image_request("cats-dogs", payloads.make_photo_jpeg(400))
    return _measure("photos", config.shipped_models, request, config)


def _measure(title: str, models: Path, request: payloads.Request, config: Config) -> Results:
    """The peak is the best closed loop of 32, 64 and 128 connections. Its p99 is that of saturation."""
    series = Series()
    with servers.start_service(models) as server:
        run_closed_loop(server.url, request, 16, 2)
        for _ in range(config.rounds):
            loops = [
                run_undisturbed_closed_loop(server.url, request, connections, config.seconds)
                for connections in (32, 64, 128)
            ]
            peak = max(loops, key=_get_rate_without_refusals)
            series.add_round(_measure_overload(server.url, request, peak, config.seconds))
        if run_closed_loop(server.url, request, 4, 1).failed:
            raise RuntimeError("the service did not recover")
    maximums = {REFUSAL_TIME: 50, ACCEPTED_P99: 2, UNANSWERED: 0}
    return Results(series.to_metrics(f"{title} at {LOAD_FACTOR} times the peak", {GOODPUT: 0.90}, maximums))


def _get_rate_without_refusals(result: ClosedLoopResult) -> float:
    """Zero for a loop with a refusal: it is past the peak."""
    return result.rate if not result.failed else 0.0


def _measure_overload(url: str, request: payloads.Request, peak: ClosedLoopResult, seconds: float) -> dict[str, float]:
    """Figures of an open loop that sends `LOAD_FACTOR` times the peak, whatever the responses."""
    rate = LOAD_FACTOR * peak.rate
    result = run_undisturbed(lambda: run_open_loop(url, request, rate, seconds + _SETTLE_SECONDS))
    start, end = result.sent_at.min() + _SETTLE_SECONDS, result.sent_at.max()
    counted = result.select_sent_between(start, end)
    accepted, refused = counted.select_status(200), counted.select_status(503)
    total = len(counted.sent_at)
    unanswered = total - len(accepted.sent_at) - len(refused.sent_at)
    # A request without an answer counts as a refusal after the whole timeout.
    refusal_seconds = np.append(refused.latency, np.full(unanswered, ANSWER_TIMEOUT))
    answered = result.select_status(200).count_answered_between(start, end)
    return {
        "peak, requests/s": peak.rate,
        "arrivals, over the peak": total / (end - start) / peak.rate,
        GOODPUT: answered / (end - start) / peak.rate,
        "time to half of the refusals, ms": _compute_percentile(refusal_seconds, 50) * 1000,
        REFUSAL_TIME: _compute_percentile(refusal_seconds, 99) * 1000,
        "p99 at saturation, ms": peak.p99 * 1000,
        "p99 of accepted, ms": accepted.compute_percentile(99) * 1000,
        ACCEPTED_P99: accepted.compute_percentile(99) / peak.p99,
        UNANSWERED: unanswered / total,
        "cores used by the client": result.client_cores,
    }


def _compute_percentile(seconds: NDArray, percent: float) -> float:
    return float(np.percentile(seconds, percent)) if len(seconds) else 0.0
