"""Utilisation, queue rows and queue age say what the device does."""

import threading
import time
from collections.abc import Iterator, Mapping

import pytest
from numpy.typing import NDArray
from prometheus_client import REGISTRY

from service.engine.busy_time import BusyTime, MovingMean
from service.engine.device import Device
from service.engine.load_gauges import LoadGauges
from service.engine.scheduler import Scheduler
from tests.support.tasks import count_waiting, make_task
from tests.support.waiting import wait_until


class Gate:
    """A signature whose runs wait for `go`."""

    sizes = (1, 2, 4)

    def __init__(self) -> None:
        self.go = threading.Event()

    def run(self, inputs: Mapping[str, NDArray]) -> dict[str, NDArray]:
        assert self.go.wait(10)
        return {"ids": inputs["ids"]}

    def size_for(self, rows: int) -> int:
        return next(size for size in self.sizes if size >= rows)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.go.set()


@pytest.fixture
def device(gate: Gate) -> Iterator[Device]:
    device = Device(Scheduler(), max_queue_rows=100, runners=2)
    device.open(("waiting", 1), gate)  # type: ignore[arg-type]
    device.open(("waiting", 1, "other"), gate)  # type: ignore[arg-type]
    device.start()
    yield device
    gate.go.set()
    device.stop()


def read(name: str, **labels: str) -> float:
    value = REGISTRY.get_sample_value(f"inkpaw_{name}", labels)
    assert value is not None
    return value


def occupy_runners(device: Device) -> None:
    for _ in range(2):
        device.scheduler.submit(("waiting", 1), make_task(4).task)
    wait_until(lambda: count_waiting(device.scheduler, ("waiting", 1)) == 0)


def test_runner_counts_as_busy_while_its_batch_still_runs(device: Device) -> None:
    """A batch of a minute must not leave the engine idle for a minute, and busy for two after it."""
    gauges = LoadGauges(device)
    before = read("engine_busy_seconds_total")
    started = time.monotonic()
    occupy_runners(device)
    occupied = time.monotonic()
    time.sleep(0.2)
    gauges.update()
    assert read("engine_runners") == 2
    assert 0.4 <= read("engine_busy_seconds_total") - before <= 2 * (time.monotonic() - started)
    assert 0.2 / (0.2 + time.monotonic() - occupied) <= read("engine_busy_runners") <= 2


def test_idle_engine_has_no_busy_runner(device: Device) -> None:
    gauges = LoadGauges(device)
    gauges.update()
    assert read("engine_busy_runners") == 0


def test_busy_seconds_go_up_only(device: Device, gate: Gate) -> None:
    gauges, values = LoadGauges(device), []
    gate.go.set()
    for _ in range(200):
        device.scheduler.submit(("waiting", 1), make_task(1).task)
        gauges.update()
        values.append(read("engine_busy_seconds_total"))
    assert values == sorted(values)


def test_rows_and_the_wait_of_the_oldest_are_of_all_queues_of_a_model(device: Device, gate: Gate) -> None:
    occupy_runners(device)
    gauges = LoadGauges(device)
    before = time.monotonic()
    device.scheduler.submit(("waiting", 1, "other"), make_task(3).task)
    submitted = time.monotonic()
    time.sleep(0.1)
    device.scheduler.submit(("waiting", 1), make_task(2).task)
    gauges.update()
    assert read("queue_rows", model="waiting") == 5
    assert read("queue_fill", model="waiting") == 3 / 100  # of the fullest queue
    assert 0.1 <= read("queue_age_seconds", model="waiting") <= time.monotonic() - before
    assert submitted - before < 5
    gate.go.set()
    wait_until(lambda: sum(rows for rows, _ in device.scheduler.measure_queues().values()) == 0)
    gauges.update()
    assert {read(f"queue_{name}", model="waiting") for name in ("rows", "age_seconds", "fill")} == {0}


def test_queue_of_an_unloaded_model_is_empty(device: Device, gate: Gate) -> None:
    occupy_runners(device)
    device.scheduler.submit(("waiting", 1), make_task(1).task)
    gauges = LoadGauges(device)
    gauges.update()
    assert read("queue_rows", model="waiting") == 1
    gate.go.set()
    device.close_version(("waiting", 1))
    gauges.update()
    assert read("queue_rows", model="waiting") == 0


def test_mean_forgets_what_is_older_than_its_window() -> None:
    mean = MovingMean(10.0, 0.0)
    busy = [mean.update(second, second) for second in range(1, 21)]
    assert busy == [1.0] * 20
    idle = [mean.update(second, 20.0) for second in range(21, 35)]
    assert idle[4] == 0.5
    assert idle[9:] == [0.0] * 5


def test_busy_time_has_the_batch_of_now_and_all_before() -> None:
    busy = BusyTime()
    busy.start(10.0)
    assert busy.read(12.0) == 2.0
    busy.stop(13.0)
    assert busy.read(20.0) == 3.0
    busy.start(21.0)
    assert busy.read(22.0) == 4.0
