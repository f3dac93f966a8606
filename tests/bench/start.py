"""How soon it is ready, and what it holds in memory then, beside a bare script with the same models."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import inputs, servers, usage
from tests.bench.load import closed
from tests.bench.report import ROOT, Found, Line, Series, ratios
from tests.bench.run import Run

SIZES = [1, 2, 4, 8, 16, 32]  # those that the engine warms by default


def measure(run: Run) -> Found:
    """Start to ready takes turns with the bare script; memory is read after some load, the largest worker's."""
    took: list[float] = []
    bare_took: list[float] = []
    memory = Series()
    for _ in range(run.rounds):
        with _bare(run.shipped) as (pid, seconds):
            bare_took.append(seconds)
            bare = usage.resident(pid)
        with servers.service(run.shipped) as server:
            took.append(server.took)
            _use(server.url)
            (engine,) = server.engines
            memory.add(
                {
                    "a gunicorn worker, PSS": max(map(usage.proportional, server.workers)),
                    "a gunicorn worker, RSS": max(map(usage.resident, server.workers)),
                    "the engine, RSS": usage.resident(engine),
                    "the bare process, RSS": bare,
                    "the whole service, PSS": sum(map(usage.proportional, [server.pid, engine, *server.workers])),
                }
            )
    over = ratios(memory.values["the engine, RSS"], memory.values["the bare process, RSS"])
    return Found(
        [
            Line("start to ready", took, "s"),
            Line("import, load and warm in a bare script", bare_took, "s"),
            Line("start to ready, over the bare script", ratios(took, bare_took), most=1.3),
            *memory.lines("memory, MB", most={"a gunicorn worker, PSS": 90, "a gunicorn worker, RSS": 90}),
            Line("memory, MB: the engine, over the bare process", over, most=1.2),
        ]
    )


def _use(url: str) -> None:
    """Each model in turn, so that what a worker loads on first use is there."""
    photo = inputs.one("cats-dogs", inputs.photo_jpeg(400))
    asks = [inputs.one("digits"), photo, inputs.many("digits", [inputs.digit_png()] * 32), inputs.samples(8)]
    if closed(url, asks, 8, 3).failed:
        raise RuntimeError("a request failed")


@contextmanager
def _bare(models: Path) -> Iterator[tuple[int, float]]:
    """The bare script's pid, and the seconds from its start until it was ready."""
    words = [sys.executable, "-m", "tests.bench.bare", str(models), *map(str, SIZES)]
    began = time.monotonic()
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("the bare script failed")
        yield process.pid, time.monotonic() - began
