"""How soon it is ready, and what it holds in memory then, beside a bare script with the same models."""

import subprocess
import sys
import time
from pathlib import Path

from tests.bench import payloads, servers, usage
from tests.bench.background_load import undisturbed
from tests.bench.closed_loop import closed
from tests.bench.config import Run
from tests.bench.report import ROOT, Found, Line, Series, ratios

SIZES = [1, 2, 4, 8, 16, 32]  # those that the engine warms by default


def measure(run: Run) -> Found:
    """The bare script and the service in turns."""
    found = Series()
    for _ in range(run.rounds):
        found.add(undisturbed(lambda: _bare(run.shipped)) | undisturbed(lambda: _service(run.shipped)))
    took, bare_took = found.values.pop("start to ready"), found.values.pop("import, load and warm in a bare script")
    over = ratios(found.values["the engine, RSS"], found.values["the bare process, RSS"])
    return Found(
        [
            Line("start to ready", took, "s"),
            Line("import, load and warm in a bare script", bare_took, "s"),
            Line("start to ready, over the bare script", ratios(took, bare_took), most=1.3),
            *found.lines("memory, MB", most={"a gunicorn worker, PSS": 90, "a gunicorn worker, RSS": 90}),
            Line("memory: the engine, over the bare process", over, most=1.2),
        ]
    )


def _service(models: Path) -> dict[str, float]:
    """Memory is read after some use; of the workers it is the largest's."""
    with servers.service(models) as server:
        _use(server.url)
        (engine,) = server.engines
        return {
            "start to ready": server.took,
            "a gunicorn worker, PSS": max(map(usage.proportional, server.workers)),
            "a gunicorn worker, RSS": max(map(usage.resident, server.workers)),
            "the engine, RSS": usage.resident(engine),
            "the whole service, PSS": sum(map(usage.proportional, [server.pid, engine, *server.workers])),
        }


def _use(url: str) -> None:
    """Each model in turn, so that what a worker loads on first use is there."""
    photo = payloads.one("cats-dogs", payloads.photo_jpeg(400))
    asks = [payloads.one("digits"), photo, payloads.many("digits", [payloads.digit_png()] * 32), payloads.samples(8)]
    if closed(url, asks, 8, 3).failed:
        raise RuntimeError("a request failed")


def _bare(models: Path) -> dict[str, float]:
    words = [sys.executable, "-m", "tests.bench.baseline_startup", str(models), *map(str, SIZES)]
    began = time.monotonic()
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("the bare script failed")
        took = time.monotonic() - began
        return {"import, load and warm in a bare script": took, "the bare process, RSS": usage.resident(process.pid)}
