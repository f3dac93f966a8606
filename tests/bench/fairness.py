"""Latency of a digit while another model is flooded with requests: do servables share the device fairly?"""

from concurrent.futures import ThreadPoolExecutor

from tests.bench import payloads, servers
from tests.bench.background_load import run_undisturbed
from tests.bench.closed_loop import ClosedLoopResult, run_closed_loop
from tests.bench.config import Config
from tests.bench.open_loop import OpenLoopResult, run_open_loop
from tests.bench.report import Metric, Results, compute_ratios

DIGIT_RATE = 200  # digits per second, a tenth of what the service can answer
FLOOD_CONNECTIONS, SAMPLES_PER_REQUEST = 16, 16


def measure(config: Config) -> Results:
    request = payloads.make_image_request("digits")
    p99_alone, p99_flooded, sample_rates = [], [], []
    with servers.start_service(config.shipped_models) as server:
        run_closed_loop(server.url, request, 16, 2)
        run_closed_loop(server.url, payloads.make_generate_request(SAMPLES_PER_REQUEST), FLOOD_CONNECTIONS, 1)
        for _ in range(config.rounds):
            alone = run_undisturbed(lambda: run_open_loop(server.url, request, DIGIT_RATE, config.seconds))
            flooded, flood = run_undisturbed(lambda: _run_with_flood(server.url, config.seconds))
            sample_rates.append(flood.rate * SAMPLES_PER_REQUEST)
            if alone.failed or flooded.failed:
                raise RuntimeError(f"{alone.failed + flooded.failed} requests for digits failed")
            p99_alone.append(alone.compute_percentile(99) * 1000)
            p99_flooded.append(flooded.compute_percentile(99) * 1000)
    ratios = compute_ratios(p99_flooded, p99_alone)
    return Results(
        [
            Metric("digits p99 alone, ms", p99_alone),
            Metric("digits p99 under a flood of /generate, ms", p99_flooded),
            Metric("samples/s of the flood", sample_rates),
            Metric("digits p99 under a flood of /generate, over p99 alone", ratios, maximum=3),
        ]
    )


def _run_with_flood(url: str, seconds: float) -> tuple[OpenLoopResult, ClosedLoopResult]:
    """Digits at the same rate as without the flood, while other clients request samples in a closed loop."""
    with ThreadPoolExecutor(1) as pool:
        generate = payloads.make_generate_request(SAMPLES_PER_REQUEST)
        flood = pool.submit(run_closed_loop, url, generate, FLOOD_CONNECTIONS, seconds + 2)
        digits = run_open_loop(url, payloads.make_image_request("digits"), DIGIT_RATE, seconds)
        return digits, flood.result()
