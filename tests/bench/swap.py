"""A new version comes in under load: what fails, and how long requests take meanwhile."""

import shutil
import tempfile
import time
from pathlib import Path

import requests

from tests.bench import payloads, servers
from tests.bench.background_load import undisturbed
from tests.bench.closed_loop import closed
from tests.bench.config import Run
from tests.bench.open_loop import arriving
from tests.bench.report import Found, Line, ratios
from tests.bench.served_models import newest

NAME = "digits"
SHARE = 0.5  # of the peak: busy, and not saturated
_MOST = 60.0  # seconds


def measure(run: Run) -> Found:
    figures: list[tuple[float, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder) / "models"
        shutil.copytree(run.small, models)
        with servers.service(models, poll_seconds="0.5") as server:
            closed(server.url, payloads.one(NAME), 16, 2)
            rate = SHARE * closed(server.url, payloads.one(NAME), 32, run.seconds).rate
            for _ in range(run.rounds):
                figures.append(undisturbed(lambda: _round(server.url, models, rate, run.seconds)))
    failed, before, during = (list(values) for values in zip(*figures, strict=True))
    return Found(
        [
            Line("hot swap: failed requests", failed, most=0),
            Line("hot swap: p99 before, ms", before),
            Line("hot swap: p99 during, ms", during),
            Line("hot swap: p99 during, over before", ratios(during, before), most=2),
        ]
    )


def _round(url: str, models: Path, rate: float, seconds: float) -> tuple[float, float, float]:
    """Failed requests; p99 before the new version is there, and until the old one is gone, in milliseconds."""
    last = newest(models, NAME)
    version = int(last.name) + 1
    with arriving(url, payloads.one(NAME), rate, seconds + 8) as found:
        time.sleep(seconds)
        start = time.monotonic()
        shutil.copytree(last, models / "new")
        (models / "new").rename(models / NAME / str(version))
        _await(url, version)
        end = time.monotonic()
    arrivals = found[0]
    swapped = arrivals.between(start, end)
    if len(swapped.sent) < 0.5 * rate * (end - start):
        raise RuntimeError("the swap took longer than the load")
    earlier = arrivals.between(0, start)
    return arrivals.failed, earlier.percentile(99) * 1000, swapped.percentile(99) * 1000


def _await(url: str, version: int) -> None:
    """Until that version answers and no other is there."""
    end = time.monotonic() + _MOST
    while time.monotonic() < end:
        told = requests.get(f"{url}/v1/models/{NAME}", timeout=10).json()["model_version_status"]
        there = {each["version"]: each["state"] for each in told if each["state"] != "END"}
        if there == {str(version): "AVAILABLE"}:
            return
        time.sleep(0.05)
    raise RuntimeError(f"version {version} did not come: {there}")
