"""`inkpaw predict` over a folder of photographs: images per second, compared with the load generator's."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from tests.bench import payloads, servers
from tests.bench.background_load import run_undisturbed
from tests.bench.closed_loop import run_closed_loop
from tests.bench.config import ROOT, Config
from tests.bench.report import Results, Series

RATIO = "images/s, over the load generator's"
_PHOTOS, _FILES = 200, 8000
_FORM = 16  # images, as many as the client sends in one request by default
_CONNECTIONS = (8, 32)

T = TypeVar("T")


def measure(config: Config) -> Results:
    """The load generator's rate is its best: by its number of connections, and of one photograph or more per request.

    Raises RuntimeError where the sample data is missing, or if an image fails.
    """
    photos = payloads.load_photos(_PHOTOS)
    if not photos:
        raise RuntimeError(f"there are no photographs in {payloads.SAMPLES}")
    series = Series()
    with tempfile.TemporaryDirectory() as name, servers.start_service(config.shipped_models) as server:
        folder = Path(name)
        _fill(folder / "photos", photos)
        run_closed_loop(server.url, _make_loads(photos)[0], _CONNECTIONS[0], 2)
        for _ in range(config.rounds):
            series.add_round(_measure_round(server, folder, photos, config.seconds))
    return Results(series.to_metrics("inkpaw predict cats-dogs", {RATIO: 0.90}))


def _fill(folder: Path, photos: Sequence[bytes]) -> None:
    """`_FILES` files with the photographs in turn, as hard links of each other."""
    folder.mkdir()
    for index in range(_FILES):
        path = folder / f"{index:05}.jpg"
        if index < len(photos):
            path.write_bytes(photos[index])
        else:
            os.link(folder / f"{index % len(photos):05}.jpg", path)


def _make_loads(photos: Sequence[bytes]) -> list[list[payloads.Request]]:
    forms = [list(photos[start : start + _FORM]) for start in range(0, len(photos) - _FORM + 1, _FORM)]
    return [
        [payloads.make_image_request("cats-dogs", photo) for photo in photos],
        [payloads.make_form_request("cats-dogs", form) for form in forms],
    ]


def _measure_round(server: servers.Server, folder: Path, photos: Sequence[bytes], seconds: float) -> dict[str, float]:
    best, best_cpu = 0.0, 0.0
    for requests, images in zip(_make_loads(photos), (1, _FORM), strict=True):
        for connections in _CONNECTIONS:
            rate, cpu = run_undisturbed(lambda: _load(server.url, requests, images, connections, seconds))  # noqa: B023
            if rate > best:
                best, best_cpu = rate, cpu
    rate, cpu = run_undisturbed(lambda: _run_client(server.url, folder))
    return {
        "images/s": rate,
        "the load generator's images/s": best,
        RATIO: rate / best,
        "CPU of the client per image, ms": cpu * 1000,
        "CPU of the load generator per image, ms": best_cpu * 1000,
    }


def _load(
    url: str, requests: Sequence[payloads.Request], images: int, connections: int, seconds: float
) -> tuple[float, float]:
    """Images per second, and CPU seconds of the load generator per image."""
    result, cpu = _with_cpu_seconds(lambda: run_closed_loop(url, requests, connections, seconds))
    answered = (result.answered - result.failed) * images
    return result.to_point()["rate"] * images, cpu / max(1, answered)


def _run_client(url: str, folder: Path) -> tuple[float, float]:
    """The same of the command line, from its start to its end."""
    out = folder / "labels.csv"
    out.unlink(missing_ok=True)
    command = [sys.executable, "-m", "service.client", "predict", "cats-dogs", str(folder / "photos")]
    command += ["--out", str(out), "--url", url, "--quiet"]
    start = time.monotonic()
    done, cpu = _with_cpu_seconds(lambda: subprocess.run(command, cwd=ROOT, capture_output=True, text=True))
    elapsed = time.monotonic() - start
    if done.returncode:
        raise RuntimeError(f"the client ended with {done.returncode}: {done.stderr.strip()[-200:]}")
    return _FILES / elapsed, cpu / _FILES


def _with_cpu_seconds(work: Callable[[], T]) -> tuple[T, float]:
    """The result, and the CPU that child processes used which ended meanwhile."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return result, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
