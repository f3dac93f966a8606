"""Many rows in one request: rows per second, compared with the same work in one plain process that has every core."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.bench import child_process, payloads, served_models, servers
from tests.bench.background_load import run_undisturbed
from tests.bench.closed_loop import SerialClient
from tests.bench.config import Config
from tests.bench.report import Metric, Results, compute_ratios


@dataclass(frozen=True)
class _Work:
    """What the plain process does (`kind`, as in baseline_throughput), with which model, and the target ratio."""

    title: str
    baseline: str
    kind: str
    models: Path
    name: str
    rows: int
    minimum: float
    files: tuple[bytes, ...] = ()


def measure(config: Config) -> Results:
    png = payloads.make_digit_png()
    photos = payloads.load_photos(64)
    images = np.random.default_rng(0).integers(0, 255, (256, 28, 28, 1), np.uint8)
    small, shipped = config.small_net_models, config.shipped_models
    process, model, generator = "one process (decode, SavedModel)", "the bare SavedModel", "the bare generator"
    digit_forms = _Work("64 PNG digits per request", process, "images", small, "digits", 64, 0.80, (png,) * 64)
    photo_forms = _Work("64 photos per request", process, "images", shipped, "cats-dogs", 64, 0.85, tuple(photos))
    tensors = _Work("256 rows as a tensor", model, "tensor", small, "digits", 256, 0.85)
    samples = _Work("256 samples as npy", generator, "samples", shipped, "digits-gan", 256, 0.85)
    pairs = [(digit_forms, payloads.make_form_request("digits", [png] * 64))]
    if photos:
        pairs.append((photo_forms, payloads.make_form_request("cats-dogs", photos)))
    pairs.append((tensors, payloads.make_tensor_request("digits", images)))
    pairs.append((samples, payloads.make_generate_request(256)))
    return Results([metric for work, request in pairs for metric in _measure_work(work, request, config)])


def _measure_work(work: _Work, request: payloads.Request, config: Config) -> list[Metric]:
    """Rounds of the service and of the plain process take turns."""
    ours, baseline = [], []
    model = served_models.find_newest_version(work.models, work.name)
    with (
        servers.start_service(work.models) as server,
        _start_baseline(work.kind, model, work.files) as measure_baseline,
    ):
        client = SerialClient(server.url, request)
        if (status := client.send()) != 200:
            print(f"{work.title}: not measured, because the service answers {status} to {request.path}.")
            return []
        client.measure_rate(1)
        for _ in range(config.rounds):
            baseline.append(run_undisturbed(lambda: measure_baseline(config.seconds)))
            ours.append(run_undisturbed(lambda: client.measure_rate(config.seconds)) * work.rows)
    return [
        Metric(f"{work.title}: rows/s", ours, "/s"),
        Metric(f"{work.title}: over {work.baseline}", compute_ratios(ours, baseline), minimum=work.minimum),
    ]


@contextmanager
def _start_baseline(kind: str, model: Path, files: tuple[bytes, ...]) -> Iterator[child_process.MeasureFunction]:
    """Yields a function that measures the plain process for some seconds and returns items per second."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / str(index) for index in range(len(files))]
        for path, data in zip(paths, files, strict=True):
            path.write_bytes(data)
        arguments = (kind, str(model), *map(str, paths))
        with child_process.start_module("tests.bench.baseline_throughput", *arguments) as measure_rate:
            yield measure_rate
