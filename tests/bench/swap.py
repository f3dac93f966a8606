"""A hot swap under load: failed requests, and latency while a new version replaces the old one."""

import shutil
import tempfile
import time
from pathlib import Path

import requests

from tests.bench import payloads, servers
from tests.bench.background_load import run_undisturbed
from tests.bench.closed_loop import run_closed_loop
from tests.bench.config import Config
from tests.bench.open_loop import send_in_background
from tests.bench.report import Metric, Results, compute_ratios
from tests.bench.served_models import find_newest_version

NAME = "digits"
LOAD = 0.5  # of the peak rate: busy, but not saturated
_TIMEOUT = 60.0  # seconds


def measure(config: Config) -> Results:
    figures: list[tuple[float, float, float]] = []
    request = payloads.make_image_request(NAME)
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder) / "models"
        shutil.copytree(config.small_net_models, models)
        with servers.start_service(models, poll_seconds="0.5") as server:
            run_closed_loop(server.url, request, 16, 2)
            rate = LOAD * run_closed_loop(server.url, request, 32, config.seconds).rate
            for _ in range(config.rounds):
                figures.append(run_undisturbed(lambda: _measure_swap(server.url, models, rate, config.seconds)))
    failed, before, during = (list(values) for values in zip(*figures, strict=True))
    return Results(
        [
            Metric("hot swap: failed requests", failed, maximum=0),
            Metric("hot swap: p99 before, ms", before),
            Metric("hot swap: p99 during, ms", during),
            Metric("hot swap: p99 during, over p99 before", compute_ratios(during, before), maximum=2),
        ]
    )


def _measure_swap(url: str, models: Path, rate: float, seconds: float) -> tuple[float, float, float]:
    """Failed requests, p99 before the new version, and p99 until the old one is gone; in milliseconds."""
    newest = find_newest_version(models, NAME)
    version = int(newest.name) + 1
    with send_in_background(url, payloads.make_image_request(NAME), rate, seconds + 8) as results:
        time.sleep(seconds)
        start = time.monotonic()
        shutil.copytree(newest, models / "new")
        (models / "new").rename(models / NAME / str(version))
        _wait_for_version(url, version)
        end = time.monotonic()
    result = results[0]
    during = result.select_sent_between(start, end)
    if len(during.sent_at) < 0.5 * rate * (end - start):
        raise RuntimeError("the swap took longer than the load")
    before = result.select_sent_between(0, start)
    return result.failed, before.compute_percentile(99) * 1000, during.compute_percentile(99) * 1000


def _wait_for_version(url: str, version: int) -> None:
    """Returns when this version is the only one and available."""
    end = time.monotonic() + _TIMEOUT
    while time.monotonic() < end:
        statuses = requests.get(f"{url}/v1/models/{NAME}", timeout=10).json()["model_version_status"]
        states = {status["version"]: status["state"] for status in statuses if status["state"] != "END"}
        if states == {str(version): "AVAILABLE"}:
            return
        time.sleep(0.05)
    raise RuntimeError(f"version {version} did not become the only one: {states}")
