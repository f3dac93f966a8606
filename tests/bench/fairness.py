"""How long a digit takes while another model is flooded: the servables share the device fairly, or they do not."""

from concurrent.futures import ThreadPoolExecutor

from tests.bench import payloads, servers
from tests.bench.background_load import undisturbed
from tests.bench.closed_loop import Result, closed
from tests.bench.config import Run
from tests.bench.open_loop import Arrivals, arrive
from tests.bench.report import Found, Line, ratios

RATE = 200  # digits a second: a tenth of what it can take
FLOOD, COUNT = 16, 16  # connections, and samples that each asks for again and again


def measure(run: Run) -> Found:
    ask = payloads.one("digits")
    alone, flooded, made = [], [], []
    with servers.service(run.shipped) as server:
        closed(server.url, ask, 16, 2)
        closed(server.url, payloads.samples(COUNT), FLOOD, 1)
        for _ in range(run.rounds):
            quiet = undisturbed(lambda: arrive(server.url, ask, RATE, run.seconds))
            busy, flood = undisturbed(lambda: _flooded(server.url, run.seconds))
            made.append(flood.rate * COUNT)
            if quiet.failed or busy.failed:
                raise RuntimeError(f"{quiet.failed + busy.failed} digits failed")
            alone.append(quiet.percentile(99) * 1000)
            flooded.append(busy.percentile(99) * 1000)
    return Found(
        [
            Line("digits p99 alone, ms", alone),
            Line("digits p99 under a flood of /generate, ms", flooded),
            Line("samples/s of the flood meanwhile", made),
            Line("digits p99 under a flood of /generate, over alone", ratios(flooded, alone), most=3),
        ]
    )


def _flooded(url: str, seconds: float) -> tuple[Arrivals, Result]:
    """Digits that arrive as before, while others ask for samples, again and again."""
    with ThreadPoolExecutor(1) as beside:
        flood = beside.submit(closed, url, payloads.samples(COUNT), FLOOD, seconds + 2)
        return arrive(url, payloads.one("digits"), RATE, seconds), flood.result()
