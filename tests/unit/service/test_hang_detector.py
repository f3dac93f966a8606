"""When the supervisor gives up an engine, and that it then starts another."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from service.children import make_engine
from service.heartbeat import INTERVAL, START_SECONDS, Pulse
from service.supervisor import HangDetector, Supervisor
from tests.support.processes import is_alive
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]
STALL = 30.0

ENGINE = f"""#!{sys.executable}
import os, sys, time
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from service.heartbeat import Heartbeat
folder = Path(__file__).parent
with (folder / "started").open("a") as started:
    print(os.getpid(), file=started, flush=True)
engine = Heartbeat(folder / "engine-0.beat")
while True:
    engine.beat(0.0)
    time.sleep(0.1)
"""


def watch(*pulses: Pulse | None, seconds: float, steps: float = INTERVAL) -> tuple[str, float]:
    """The verdict on an engine that shows these one after another and then always the last, and when it falls."""
    detector, shown = HangDetector(STALL), list(pulses)
    for turn in range(int(seconds / steps)):
        reason = detector.look(shown.pop(0) if len(shown) > 1 else shown[0], steps)
        if reason:
            return reason, turn * steps
    return "", seconds


def test_silent_engine_is_given_up_within_five_seconds() -> None:
    reason, after = watch(Pulse(100.0, 0.0, 0, 1.0), seconds=60)
    assert reason == "silent" and after <= 5


def test_load_may_hold_the_loop_as_long_as_a_batch_may_run() -> None:
    reason, after = watch(Pulse(100.0, 0.0, 1, 1.0), seconds=60)
    assert reason == "silent" and STALL <= after <= STALL + 1


def test_start_has_a_bound_of_its_own() -> None:
    reason, after = watch(Pulse(0.0, 0.0, 0, 1.0), seconds=300)
    assert reason == "start" and START_SECONDS <= after <= START_SECONDS + 1


def test_engine_of_which_nothing_is_known_is_left_alone() -> None:
    assert watch(None, seconds=1000) == ("", 1000)


def run_batch(started: float, seconds: float, first: float | None = None) -> list[Pulse]:
    """The beats during a batch."""
    first = started if first is None else first
    return [Pulse(first + at * INTERVAL, started, 0, 1.0) for at in range(int(seconds / INTERVAL))]


def test_batch_that_is_too_long_is_given_up_in_time_and_a_long_one_is_not() -> None:
    reason, after = watch(*run_batch(100.0, STALL + 5), seconds=STALL + 5)
    assert reason == "batch" and STALL < after <= STALL + 1
    batches = [pulse for start in (100.0, 129.0, 158.0) for pulse in run_batch(start, 29.0)]
    assert watch(*batches, seconds=86)[0] == ""


def test_batch_that_only_stood_still_with_the_machine_may_finish() -> None:
    """All clocks went on: the batch is 100 s old when the supervisor sees it next."""
    assert watch(*run_batch(100.0, 1.5, first=200.0), Pulse(201.6, 0.0, 0, 1.0), seconds=2.0)[0] == ""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of an engine that does nothing but beat; `started` has its processes."""
    script = tmp_path / "engine"
    script.write_text(ENGINE)
    script.chmod(0o755)
    (tmp_path / "started").touch()
    monkeypatch.setattr(sys, "executable", str(script))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    supervisor = Supervisor(make_engine(0, "cpu", tmp_path / "engine-0.sock", STALL))
    supervisor.start()
    yield tmp_path
    supervisor.stop()
    assert not any(map(is_alive, list_started(tmp_path)))


def list_started(folder: Path) -> list[int]:
    return [int(pid) for pid in (folder / "started").read_text().split()]


def test_stopped_engine_is_killed_replaced_and_counted(engine: Path) -> None:
    def count() -> float:
        return REGISTRY.get_sample_value("inkpaw_engine_hangs_total", {"reason": "silent"}) or 0.0

    before = count()
    wait_until(lambda: (engine / "engine-0.beat").exists() and list_started(engine), 20)
    (first,) = list_started(engine)
    os.kill(first, signal.SIGSTOP)
    began = time.monotonic()
    wait_until(lambda: len(list_started(engine)) == 2, 15, "there is another")
    assert time.monotonic() - began < 10  # five, on a machine that is not busy
    assert not is_alive(first)
    assert count() == before + 1
