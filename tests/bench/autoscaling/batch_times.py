"""The CPU time of one batch, by its rows: `python -m tests.bench.autoscaling.batch_times VERSION` prints JSON."""

import json
import sys
import time
from pathlib import Path

import numpy as np

ROWS = (1, 2, 4, 8, 16, 32)
_SECONDS = 1.0  # of CPU time, per number of rows


def main(version: Path) -> None:
    from service.engine.servable import Servable

    servable = Servable(version, max(ROWS))
    (spec,) = servable.inputs
    assert spec.shape is not None
    generator = np.random.default_rng(0)
    times = {rows: _time(servable, spec.name, generator, (rows, *spec.shape[1:])) for rows in ROWS}
    print(json.dumps(times))


def _time(servable, name: str, generator: np.random.Generator, shape: tuple[int, ...]) -> float:  # type: ignore[no-untyped-def]
    """Milliseconds, the median of several runs."""
    images = {name: generator.integers(0, 256, shape, np.uint8)}
    servable.run(images)
    times: list[float] = []
    end = time.process_time() + _SECONDS
    while time.process_time() < end or len(times) < 5:
        start = time.process_time()
        servable.run(images)
        times.append(time.process_time() - start)
    return round(float(np.median(times)) * 1000, 4)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
