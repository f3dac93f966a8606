"""What it takes while nobody asks for anything."""

import time

from tests.bench import payloads, servers, usage
from tests.bench.closed_loop import closed
from tests.bench.config import Run
from tests.bench.report import Found, Line

SECONDS = 30.0
_SETTLING = 3.0


def measure(run: Run) -> Found:
    """The share of a core that all its processes use together, once it has been used and then left alone."""
    with servers.service(run.shipped) as server:
        closed(server.url, payloads.one("digits"), 8, 1)
        time.sleep(_SETTLING)
        everyone = [server.pid, *server.engines, *server.workers]
        before, began = usage.cpu_seconds(everyone), time.monotonic()
        time.sleep(SECONDS)
        share = (usage.cpu_seconds(everyone) - before) / (time.monotonic() - began)
    return Found([Line("idle: share of a core, %", [share * 100], most=1)])
