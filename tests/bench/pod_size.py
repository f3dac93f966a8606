"""What a pod of one, two, four... cores answers for each shipped model, and the memory that it takes.

The service is bound to its cores. The client takes others where there are any; a pod of all cores shares them with it.
"""

import os
import statistics

from tests.bench import payloads, servers, usage
from tests.bench.closed_loop import check_answers, run_closed_loop, run_undisturbed_closed_loop
from tests.bench.config import Config
from tests.bench.report import Curve, Results

CONNECTIONS_PER_CORE = 16  # enough for full batches, and below what is refused
REQUESTS = {
    "digits, one digit": payloads.make_image_request("digits"),
    "cats-dogs, one photograph": payloads.make_image_request("cats-dogs", payloads.make_photo_jpeg(400)),
    "digits-gan, 16 samples": payloads.make_generate_request(16),
}


def measure(config: Config) -> Results:
    curves = [Curve(f"pod size: {name}", "cores", {}) for name in REQUESTS]
    for cores in _list_sizes():
        with servers.start_service(config.shipped_models, workers=cores, cores=cores) as server:
            for curve, request in zip(curves, REQUESTS.values(), strict=True):
                curve.points[cores] = _measure_model(server, request, cores * CONNECTIONS_PER_CORE, config)
    return Results(curves=curves)


def _list_sizes() -> list[int]:
    return [2**power for power in range(4) if 2**power <= (os.cpu_count() or 1)]


def _measure_model(
    server: servers.Server, request: payloads.Request, connections: int, config: Config
) -> dict[str, float]:
    """The median round by rate, and the memory after it: pages that processes share are counted once."""
    run_closed_loop(server.url, request, connections, 2)
    rounds = [
        run_undisturbed_closed_loop(server.url, request, connections, config.seconds) for _ in range(config.rounds)
    ]
    check_answers(*rounds)
    pids = [server.pid, *server.workers, *server.engines]
    return {
        "rate": statistics.median(result.rate for result in rounds),
        "p99_ms": statistics.median(result.p99 for result in rounds) * 1000,
        "memory_mb": sum(map(usage.read_pss, pids)),
    }
