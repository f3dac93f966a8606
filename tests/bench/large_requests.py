"""Many rows in one request: items a second beside the same work in one plain process that has every core."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.bench import child_process, payloads, served_models, servers
from tests.bench.background_load import undisturbed
from tests.bench.closed_loop import Asker
from tests.bench.config import Run
from tests.bench.report import Found, Line, ratios


@dataclass(frozen=True)
class _Work:
    """What the plain process is to do beside the service (its KIND), with what model, and the bar of the ratio."""

    title: str
    beside: str
    kind: str
    models: Path
    name: str
    rows: int
    least: float
    files: tuple[bytes, ...] = ()


def measure(run: Run) -> Found:
    png = payloads.digit_png()
    photos = payloads.photos(64)
    images = np.random.default_rng(0).integers(0, 255, (256, 28, 28, 1), np.uint8)
    process, bare = "decode and SavedModel in one plain process", "the bare SavedModel"
    digits = _Work("64 PNG digits a request", process, "images", run.small, "digits", 64, 0.80, (png,) * 64)
    pictures = _Work("64 photos a request", process, "images", run.shipped, "cats-dogs", 64, 0.85, tuple(photos))
    rows = _Work("256 rows as a tensor", bare, "tensor", run.small, "digits", 256, 0.85)
    samples = _Work("256 samples as npy", "the bare generator", "samples", run.shipped, "digits-gan", 256, 0.85)
    asks = [
        (digits, payloads.many("digits", [png] * 64)),
        (pictures, payloads.many("cats-dogs", photos)),
        (rows, payloads.tensor("digits", images)),
        (samples, payloads.samples(256)),
    ]
    return Found([line for work, ask in asks if work is not pictures or photos for line in _lines(work, ask, run)])


def _lines(work: _Work, ask: payloads.Ask, run: Run) -> list[Line]:
    """Rounds of both, in turns."""
    ours, others = [], []
    model = served_models.newest(work.models, work.name)
    with servers.service(work.models) as server, _plain(work.kind, model, work.files) as other:
        asker = Asker(server.url, ask)
        if (status := asker.once()) != 200:
            print(f"{work.title}: not measured, for the service answers {status} to {ask.path}.")
            return []
        asker.rate(1)
        for _ in range(run.rounds):
            others.append(undisturbed(lambda: other(run.seconds)))
            ours.append(undisturbed(lambda: asker.rate(run.seconds)) * work.rows)
    return [
        Line(f"{work.title}: rows/s", ours, "/s"),
        Line(f"{work.title}: of {work.beside}", ratios(ours, others), least=work.least),
    ]


@contextmanager
def _plain(kind: str, model: Path, files: tuple[bytes, ...]) -> Iterator[child_process.Measured]:
    """Gives what measures a round of the plain process, so many seconds long: items a second."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / str(at) for at in range(len(files))]
        for path, data in zip(paths, files, strict=True):
            path.write_bytes(data)
        with child_process.module("tests.bench.baseline_throughput", kind, str(model), *map(str, paths)) as rate:
            yield rate
