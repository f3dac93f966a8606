"""Mutated requests of every format and protocol: none is answered with 5xx, memory is bounded, and none keeps the loop.

2,000 requests; INKPAW_TEST_FUZZ=100000 is the long form, and INKPAW_TEST_FUZZ_FIRST chooses others. A fault names its
request's number: `Fuzzer(url, number, 1).make(number)` makes it again.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.conftest import BuildModel, copy_models, run_service
from tests.support.fuzz.sender import Fuzzer
from tests.support.pictures import make_digit_png
from tests.support.processes import read_peak_memory
from tests.support.server import ROOT, Service

COUNT = int(os.environ.get("INKPAW_TEST_FUZZ", "2000"))
FIRST = int(os.environ.get("INKPAW_TEST_FUZZ_FIRST", "0"))
LONGEST = 0.1  # seconds of CPU in which a worker's loop does nothing else
MIB = 1 << 20
BODY, PIXELS, CONNECTIONS, THREADS = MIB, 4_000_000, 64, 2
# the formula of docs/limits.md
MEMORY = (
    100_000_000 + 3 * 4 * BODY + (THREADS + 1) * BODY + (16 << 10) * CONNECTIONS + 24 * PIXELS + 96_000_000 * THREADS
)


class Target(NamedTuple):
    service: Service
    probe: Path


@pytest.fixture(scope="module")
def target(build_model: BuildModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """One worker, which writes down how long it kept its loop."""
    folder = tmp_path_factory.mktemp("fuzzing")
    probe = folder / "probe"
    probe.touch()
    models = copy_models(build_model, folder / "models", "tiny", "blot")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT / "tests/support/loop_probe"))
        patch.setenv("LOOP_PROBE_FILE", str(probe))
        settings = {"max_body_bytes": BODY, "max_image_pixels": PIXELS, "max_connections": CONNECTIONS}
        with run_service(models, Service, workers=1, decode_threads=THREADS, **settings) as service:
            yield Target(service, probe)
            assert "Traceback" not in service.log


def read_stretches(probe: Path, since: float) -> list[tuple[float, str]]:
    """CPU seconds of each long stretch, and where it ended."""
    lines = [line.split(" ", 2) for line in probe.read_text().splitlines()]
    return [(float(seconds), place) for when, seconds, place in lines if float(when) >= since]


def test_probe_sees_a_loop_that_is_kept(target: Target) -> None:
    """The worker's start keeps it: so the next test does not pass because nothing is measured."""
    assert max(seconds for seconds, _ in read_stretches(target.probe, 0)) > 0.05


def test_mutated_requests_are_refused_or_answered(target: Target) -> None:
    service, probe = target
    (worker,) = service.worker_pids
    for _ in range(5):
        assert service.post("/predict/tiny", make_digit_png()).status_code == 200
    began = time.monotonic()
    fuzzer = Fuzzer(service.url, FIRST, COUNT)
    fuzzer.run()
    print({kind: dict(statuses) for kind, statuses in fuzzer.statuses.items()}, f"{time.monotonic() - began:.0f} s")
    print(f"peak {read_peak_memory(worker) // MIB} MiB of {MEMORY // MIB}, 503: {fuzzer.busy}")
    print("longest stretches:", sorted(read_stretches(probe, began))[-3:])
    assert fuzzer.faults == []
    assert service.worker_pids == [worker], "it was not replaced"
    assert read_peak_memory(worker) < MEMORY
    assert [stretch for stretch in read_stretches(probe, began) if stretch[0] > LONGEST] == []
    for kind in ("image", "json", "tensor", "multipart", "head", "gzip"):
        assert {200, 400} <= set(fuzzer.statuses[kind]), f"{kind}: some get through, some do not"
    assert service.post("/predict/tiny", make_digit_png()).status_code == 200
