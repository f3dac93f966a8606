"""The device thread: it runs batches, survives failures, and closes a version after its last row."""

import threading
import time
from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from numpy.typing import NDArray
from prometheus_client import REGISTRY

from service.engine.batch import Batch
from service.engine.batch_sizes import list_batch_sizes
from service.engine.device import Device
from service.engine.scheduler import Scheduler
from service.errors import Overloaded
from tests.support.tasks import RecordedTask, count_waiting, double, make_task
from tests.support.waiting import call_with_timeout, wait_until

KEY = ("net", 1)


class Doubling:
    """Doubles its rows. Waits for `go` before a run; fails if a row is in `bad`. `runs` holds the rows of each run."""

    sizes = list_batch_sizes(8)

    def __init__(self) -> None:
        self.bad: set[int] = set()
        self.go = threading.Event()
        self.go.set()
        self.runs: list[list[int]] = []

    def run(self, inputs: Mapping[str, NDArray]) -> dict[str, NDArray]:
        self.runs.append(inputs["ids"].tolist())
        assert self.go.wait(5)
        if self.bad & set(inputs["ids"].tolist()):
            raise ArithmeticError("a bad row")
        return {"doubled": inputs["ids"] * 2}

    def size_for(self, rows: int) -> int:
        return next(size for size in self.sizes if size >= rows)


@pytest.fixture
def net() -> Doubling:
    return Doubling()


@pytest.fixture
def device(net: Doubling) -> Iterator[Device]:
    device = Device(Scheduler(), max_queue_rows=100)
    device.open(KEY, net)  # type: ignore[arg-type]
    device.start()
    yield device
    net.go.set()
    call_with_timeout(lambda: device.stop() or True)


def submit_behind_a_run(device: Device, net: Doubling, *rows: int) -> list[RecordedTask]:
    """Submit tasks while another one runs, so that the next batch holds them all."""
    net.go.clear()
    first = make_task(1)
    device.scheduler.submit(KEY, first.task)
    wait_until(lambda: net.runs)
    tasks = [make_task(number) for number in rows]
    for task in tasks:
        device.scheduler.submit(KEY, task.task)
    return tasks


def test_one_padded_run_answers_every_task(device: Device, net: Doubling) -> None:
    tasks = submit_behind_a_run(device, net, 1, 2, 3)
    net.go.set()
    wait_until(lambda: all(task.results for task in tasks))
    assert [task.answer for task in tasks] == [double(task) for task in tasks]
    assert [len(run) for run in net.runs] == [1, 8]


def test_padding_is_counted_apart_from_the_rows_of_requests(device: Device, net: Doubling) -> None:
    def read(name: str) -> float:
        return REGISTRY.get_sample_value(f"inkpaw_{name}", {"model": "net"}) or 0.0

    rows, padding = read("batch_rows_sum"), read("batch_padding_rows_total")
    submit_behind_a_run(device, net, 2, 3)
    net.go.set()
    wait_until(lambda: read("batch_rows_sum") == rows + 1 + 5)
    wait_until(lambda: read("batch_padding_rows_total") == padding + 3)


def test_one_bad_row_fails_alone(device: Device, net: Doubling) -> None:
    first, bad, last = submit_behind_a_run(device, net, 2, 3, 1)
    net.bad = {bad.ids[1]}
    net.go.set()
    wait_until(lambda: all(task.results for task in (first, bad, last)))
    assert (first.answer, last.answer) == (double(first), double(last))
    assert (bad.error.status, "ArithmeticError" in bad.error.message) == (500, True)
    assert "a bad row" not in bad.error.message


def test_device_goes_on_after_a_failure(device: Device, net: Doubling) -> None:
    (bad,) = submit_behind_a_run(device, net, 1)
    net.bad = set(bad.ids)
    net.go.set()
    wait_until(lambda: bad.results)
    after = make_task(1)
    device.scheduler.submit(KEY, after.task)
    wait_until(lambda: after.results)
    assert after.answer == double(after)


def test_busy_seconds_grow_during_a_batch(device: Device, net: Doubling) -> None:
    assert device.busy_seconds == 0.0
    submit_behind_a_run(device, net)
    started_at = time.monotonic()
    wait_until(lambda: device.busy_seconds > 0.05)
    assert device.busy_seconds < time.monotonic() - started_at + 5
    net.go.set()
    wait_until(lambda: device.busy_seconds == 0.0)


def test_closing_waits_for_queued_and_running_tasks(device: Device, net: Doubling) -> None:
    tasks = submit_behind_a_run(device, net, 4, 8, 8)
    closing = threading.Thread(target=device.close, args=(KEY,))
    closing.start()
    assert device.get(KEY) is not None
    net.go.set()
    closing.join(5)
    assert [task.answer for task in tasks] == [double(task) for task in tasks]
    assert device.get(KEY) is None
    with pytest.raises(KeyError):
        device.scheduler.submit(KEY, make_task(1).task)


def test_closing_waits_for_a_batch_that_has_not_started(net: Doubling) -> None:
    batch_taken, go = threading.Event(), threading.Event()

    class SlowScheduler(Scheduler):
        def next(self) -> Batch | None:
            batch = super().next()
            batch_taken.set()
            go.wait(5)
            return batch

    device = Device(SlowScheduler(), max_queue_rows=100)
    device.open(KEY, net)  # type: ignore[arg-type]
    device.start()
    task = make_task(1)
    device.scheduler.submit(KEY, task.task)
    batch_taken.wait(5)
    closing = threading.Thread(target=device.close, args=(KEY,))
    closing.start()
    closing.join(0.1)
    go.set()
    wait_until(lambda: task.results)
    assert task.answer == double(task)
    closing.join(5)
    device.stop()


def test_closing_loses_no_submitted_task(device: Device) -> None:
    """Tasks are submitted while versions are opened and closed: each is answered, or refused when it is submitted."""
    for version in range(2, 12):
        key = ("net", version)
        device.open(key, Doubling())  # type: ignore[arg-type]
        accepted: list[RecordedTask] = []
        closed = threading.Event()

        def send(
            key: tuple[str, int] = key, accepted: list[RecordedTask] = accepted, closed: threading.Event = closed
        ) -> None:
            while not closed.is_set():
                task = make_task(1)
                try:
                    device.scheduler.submit(key, task.task)
                except Overloaded:
                    continue
                except KeyError:
                    return
                accepted.append(task)

        thread = threading.Thread(target=send)
        thread.start()
        wait_until(lambda accepted=accepted: len(accepted) > 3)  # type: ignore[misc]
        closing = threading.Thread(target=device.close, args=(key,))
        closing.start()
        closing.join(0.1)
        closed.set()
        closing.join(5)
        thread.join(5)
        wait_until(lambda accepted=accepted: all(task.results for task in accepted))  # type: ignore[misc]
        assert [task.answer for task in accepted] == [double(task) for task in accepted]


def test_batches_are_padded_to_few_sizes() -> None:
    assert list_batch_sizes(1) == (1,)
    assert list_batch_sizes(32) == (1, 2, 4, 8, 16, 32)
    assert list_batch_sizes(48) == (1, 2, 4, 8, 16, 32, 48)
    assert np.all(np.diff(list_batch_sizes(1000)) > 0)


def test_one_batch_runs_per_runner(net: Doubling) -> None:
    device = Device(Scheduler(), max_queue_rows=100, runners=3)
    device.open(KEY, net)  # type: ignore[arg-type]
    device.start()
    net.go.clear()
    tasks = [make_task(8) for _ in range(4)]
    for task in tasks:
        device.scheduler.submit(KEY, task.task)
    wait_until(lambda: len(net.runs) == 3)
    assert count_waiting(device.scheduler, KEY) == 8
    net.go.set()
    wait_until(lambda: all(task.results for task in tasks))
    assert [task.answer for task in tasks] == [double(task) for task in tasks]
    device.stop()


def test_a_servable_in_anothers_place_answers_what_waits_once_the_others_batch_has_run(
    device: Device, net: Doubling
) -> None:
    tasks, other = submit_behind_a_run(device, net, 1, 2), Doubling()
    other.sizes = (1, 2)
    swapped = threading.Event()

    def swap() -> None:
        device.open(KEY, other)  # type: ignore[arg-type]
        swapped.set()

    threading.Thread(target=swap, daemon=True).start()
    assert not swapped.wait(0.05), "it was swapped while a batch ran"
    net.go.set()
    assert swapped.wait(5)
    wait_until(lambda: all(task.results for task in tasks))
    assert len(net.runs) == 1, "what waited was run by the old one"
    assert {len(ids) for ids in other.runs} <= {1, 2}, "batches have the sizes of the new one"
