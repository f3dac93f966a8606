"""Milliseconds an image that a classifier takes of one core, 32 rows at once, in the engine's own way.

As `python -m tests.bench.onecore <version> <full or mixed>` it measures, for as many seconds as each line asks for.
"""

import sys
import time
from pathlib import Path

from tests.bench import child_process, served_models
from tests.bench.background_load import undisturbed
from tests.bench.config import Run
from tests.bench.report import Found, Line, ratios

ROWS = 32
MOST = {"digits": 0.3, "cats-dogs": 3.0}


def measure(run: Run) -> Found:
    """Both precisions in turns."""
    return Found([line for name in MOST for line in _lines(name, run)])


def _lines(name: str, run: Run) -> list[Line]:
    version = str(served_models.newest(run.shipped, name))
    took: dict[str, list[float]] = {"full": [], "mixed": []}
    with (
        child_process.module(__name__, version, "full") as full,
        child_process.module(__name__, version, "mixed") as mixed,
    ):
        for _ in range(run.rounds):
            took["full"].append(undisturbed(lambda: full(run.seconds)))
            took["mixed"].append(undisturbed(lambda: mixed(run.seconds)))
    title = f"{name}: an image of {ROWS} on one core"
    return [
        Line(f"{title}, full precision", took["full"], "ms", most=MOST[name]),
        Line(f"{title}, mixed precision", took["mixed"], "ms", most=MOST[name]),
        Line(f"{title}, mixed over full", ratios(took["mixed"], took["full"])),
    ]


def main(version: Path, precision: str) -> None:
    import numpy as np

    from service.engine.servable import Servable
    from service.hardware import has_bfloat16

    servable = Servable(version, ROWS, mixed=precision == "mixed" and has_bfloat16())
    (spec,) = servable.inputs
    images = np.random.default_rng(0).integers(0, 256, (ROWS, *spec.shape[1:]), np.uint8)
    for line in sys.stdin:
        began, runs = time.perf_counter(), 0
        while time.perf_counter() - began < float(line):
            servable.run({spec.name: images})
            runs += 1
        print((time.perf_counter() - began) / runs / ROWS * 1000, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
