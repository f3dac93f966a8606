"""Milliseconds per image of a classifier on one core, in batches of 32 rows, run as the engine runs them.

`python -m tests.bench.onecore <version> <full or mixed>` is the process that measures. It reads seconds from standard
input, line by line, and prints one figure per line.
"""

import sys
import time
from pathlib import Path

from tests.bench import child_process, served_models
from tests.bench.background_load import run_undisturbed
from tests.bench.config import Config
from tests.bench.report import Metric, Results, compute_ratios

ROWS = 32
MAX_MS_PER_IMAGE = {"digits": 0.3, "cats-dogs": 3.0}


def measure(config: Config) -> Results:
    return Results([metric for name in MAX_MS_PER_IMAGE for metric in _measure_model(name, config)])


def _measure_model(name: str, config: Config) -> list[Metric]:
    """Rounds of full and mixed precision take turns."""
    version = str(served_models.find_newest_version(config.shipped_models, name))
    full: list[float] = []
    mixed: list[float] = []
    with (
        child_process.start_module(__name__, version, "full") as measure_full,
        child_process.start_module(__name__, version, "mixed") as measure_mixed,
    ):
        for _ in range(config.rounds):
            full.append(run_undisturbed(lambda: measure_full(config.seconds)))
            mixed.append(run_undisturbed(lambda: measure_mixed(config.seconds)))
    title = f"{name}: one image, in batches of {ROWS}, one core"
    limit = MAX_MS_PER_IMAGE[name]
    return [
        Metric(f"{title}, full precision", full, "ms", maximum=limit),
        Metric(f"{title}, mixed precision", mixed, "ms", maximum=limit),
        Metric(f"{title}, mixed over full", compute_ratios(mixed, full)),
    ]


def main(version: Path, precision: str) -> None:
    import numpy as np

    from service.engine.servable import Servable
    from service.hardware import has_bfloat16

    servable = Servable(version, ROWS, mixed=precision == "mixed" and has_bfloat16())
    (spec,) = servable.inputs
    images = np.random.default_rng(0).integers(0, 256, (ROWS, *spec.shape[1:]), np.uint8)
    for line in sys.stdin:
        start, batches = time.perf_counter(), 0
        while time.perf_counter() - start < float(line):
            servable.run({spec.name: images})
            batches += 1
        print((time.perf_counter() - start) / batches / ROWS * 1000, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
