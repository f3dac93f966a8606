"""Milliseconds per image of a classifier on one core, run as the engine runs it: in TensorFlow, and its LiteRT form.

`python -m tests.bench.onecore <version> <full, mixed or litert> <rows>` is the process that measures. It reads seconds
from standard input, line by line, and prints one figure per line.
"""

import sys
import time
from pathlib import Path

from service.litert import LITERT_PATH
from tests.bench import child_process, served_models
from tests.bench.background_load import run_undisturbed
from tests.bench.config import Config
from tests.bench.report import Metric, Results, compute_ratios

ROWS = 32
MAX_MS_OF_FORM = {"digits": (1, 0.09), "cats-dogs": (8, 1.0)}  # rows per batch, and the target
MAX_MS_PER_IMAGE = {"digits": 0.3, "cats-dogs": 3.0}


def measure(config: Config) -> Results:
    names = MAX_MS_PER_IMAGE
    return Results(
        [metric for name in names for metric in (*_measure_model(name, config), *_measure_form(name, config))]
    )


def _measure_form(name: str, config: Config) -> list[Metric]:
    version = served_models.find_newest_version(config.shipped_models, name)
    if not (version / LITERT_PATH).exists():
        return []
    rows, limit = MAX_MS_OF_FORM[name]
    with child_process.start_module(__name__, str(version), "litert", str(rows)) as measure_rows:
        values = [run_undisturbed(lambda: measure_rows(config.seconds)) for _ in range(config.rounds)]
    return [Metric(f"{name}: one image, in batches of {rows}, one core, LiteRT form", values, "ms", maximum=limit)]


def _measure_model(name: str, config: Config) -> list[Metric]:
    """Rounds of full and mixed precision take turns."""
    version = str(served_models.find_newest_version(config.shipped_models, name))
    full: list[float] = []
    mixed: list[float] = []
    with (
        child_process.start_module(__name__, version, "full", str(ROWS)) as measure_full,
        child_process.start_module(__name__, version, "mixed", str(ROWS)) as measure_mixed,
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


def main(version: Path, way: str, rows: int) -> None:
    import numpy as np

    from service.engine.runtimes.choice import Runtimes
    from service.engine.servable import Servable
    from service.hardware import has_bfloat16

    runtimes = Runtimes("litert" if way == "litert" else "tensorflow")
    servable = Servable(version, rows, mixed=way == "mixed" and has_bfloat16(), runtimes=runtimes)
    (spec,) = servable.inputs
    images = np.random.default_rng(0).integers(0, 256, (rows, *spec.shape[1:]), np.uint8)
    for line in sys.stdin:
        start, batches = time.perf_counter(), 0
        while time.perf_counter() - start < float(line):
            servable.run({spec.name: images})
            batches += 1
        print((time.perf_counter() - start) / batches / rows * 1000, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
