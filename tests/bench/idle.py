"""CPU use of the service without requests."""

import time

from tests.bench import payloads, servers, usage
from tests.bench.closed_loop import run_closed_loop
from tests.bench.config import Config
from tests.bench.report import Metric, Results

SECONDS = 30.0
_SETTLE_SECONDS = 3.0


def measure(config: Config) -> Results:
    """CPU of all processes of the service together, in per cent of one core, some time after the last request."""
    with servers.start_service(config.shipped_models) as server:
        run_closed_loop(server.url, payloads.make_image_request("digits"), 8, 1)
        time.sleep(_SETTLE_SECONDS)
        pids = [server.pid, *server.engines, *server.workers]
        before, start = usage.read_cpu_seconds(pids), time.monotonic()
        time.sleep(SECONDS)
        cores = (usage.read_cpu_seconds(pids) - before) / (time.monotonic() - start)
    return Results([Metric("idle: CPU, % of a core", [cores * 100], maximum=1)])
