"""Time until the service is ready and its memory then, compared with a bare script that loads the same models."""

import subprocess
import sys
import time
from pathlib import Path

from tests.bench import servers, usage
from tests.bench.background_load import run_undisturbed
from tests.bench.config import ROOT, Config
from tests.bench.report import Metric, Results, Series, compute_ratios
from tests.bench.warm_up import use_every_model

BATCH_SIZES = [1, 2, 4, 8, 16, 32]  # the sizes that the engine warms by default
STARTUP, BASELINE_STARTUP = "start to ready", "import, load and warm in a bare script"
WORKER_PSS, WORKER_RSS = "a gunicorn worker, PSS", "a gunicorn worker, RSS"
ENGINE_RSS, BASELINE_RSS = "the engine, RSS", "the bare process, RSS"


def measure(config: Config) -> Results:
    """Rounds of the bare script and of the service take turns."""
    series, models = Series(), config.shipped_models
    for _ in range(config.rounds):
        baseline = run_undisturbed(lambda: _measure_baseline(models))
        series.add_round(baseline | run_undisturbed(lambda: _measure_service(models)))
    startup, baseline_startup = series.values.pop(STARTUP), series.values.pop(BASELINE_STARTUP)
    memory_ratios = compute_ratios(series.values[ENGINE_RSS], series.values[BASELINE_RSS])
    return Results(
        [
            Metric(STARTUP, startup, "s"),
            Metric(BASELINE_STARTUP, baseline_startup, "s"),
            Metric("start to ready, over the bare script", compute_ratios(startup, baseline_startup), maximum=1.3),
            *series.to_metrics("memory, MB", maximums={WORKER_PSS: 90, WORKER_RSS: 90}),
            Metric("memory: the engine, over the bare process", memory_ratios, maximum=1.2),
        ]
    )


def _measure_service(models: Path) -> dict[str, float]:
    """Memory is read after some requests. For the workers it is that of the largest one."""
    with servers.start_service(models) as server:
        use_every_model(server.url)
        (engine,) = server.engines
        return {
            STARTUP: server.startup_seconds,
            WORKER_PSS: max(map(usage.read_pss, server.workers)),
            WORKER_RSS: max(map(usage.read_rss, server.workers)),
            ENGINE_RSS: usage.read_rss(engine),
            "the whole service, PSS": sum(map(usage.read_pss, [server.pid, engine, *server.workers])),
        }


def _measure_baseline(models: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.baseline_startup", str(models), *map(str, BATCH_SIZES)]
    start = time.monotonic()
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("the bare script failed")
        return {BASELINE_STARTUP: time.monotonic() - start, BASELINE_RSS: usage.read_rss(process.pid)}
