"""The thread that runs batches: it answers, survives what fails, and closes when the last row has run."""

import threading
import time
from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from service.engine.batch import Batch
from service.engine.device import Device
from service.engine.scheduler import Scheduler
from service.engine.servable import batch_sizes
from service.errors import Overloaded
from tests.support.asks import Ask, ask, doubled
from tests.support.waiting import soon, until

KEY = ("net", 1)


class Doubling:
    """Doubles; fails on rows that are in `bad`; waits for `go` before each run. `sizes_run` are the sizes it ran."""

    sizes = batch_sizes(8)

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
    soon(lambda: device.stop() or True)


def gathered(device: Device, net: Doubling, *rows: int) -> list[Ask]:
    """Asks that wait together, behind one that runs: what comes next is one batch of them all."""
    net.go.clear()
    first = ask(1)
    device.scheduler.submit(KEY, first.task)
    until(lambda: net.runs)
    asks = [ask(each) for each in rows]
    for each in asks:
        device.scheduler.submit(KEY, each.task)
    return asks


def test_everybody_is_answered_from_one_padded_run(device: Device, net: Doubling) -> None:
    asks = gathered(device, net, 1, 2, 3)
    net.go.set()
    until(lambda: all(each.heard for each in asks))
    assert [each.answer for each in asks] == [doubled(each) for each in asks]
    assert [len(run) for run in net.runs] == [1, 8]


def test_one_bad_row_fails_alone(device: Device, net: Doubling) -> None:
    good, bad, fine = gathered(device, net, 2, 3, 1)
    net.bad = {bad.ids[1]}
    net.go.set()
    until(lambda: all(each.heard for each in (good, bad, fine)))
    assert (good.answer, fine.answer) == (doubled(good), doubled(fine))
    assert (bad.error.status, "ArithmeticError" in bad.error.message) == (500, True)
    assert "a bad row" not in bad.error.message


def test_a_failure_is_not_the_end(device: Device, net: Doubling) -> None:
    (bad,) = gathered(device, net, 1)
    net.bad = set(bad.ids)
    net.go.set()
    until(lambda: bad.heard)
    after = ask(1)
    device.scheduler.submit(KEY, after.task)
    until(lambda: after.heard)
    assert after.answer == doubled(after)


def test_it_tells_how_long_it_has_been_at_one_batch(device: Device, net: Doubling) -> None:
    assert device.busy_seconds == 0.0
    gathered(device, net)
    began = time.monotonic()
    until(lambda: device.busy_seconds > 0.05)
    assert device.busy_seconds < time.monotonic() - began + 5
    net.go.set()
    until(lambda: device.busy_seconds == 0.0)


def test_closing_waits_for_what_waits_and_runs(device: Device, net: Doubling) -> None:
    asks = gathered(device, net, 4, 8, 8)
    closing = threading.Thread(target=device.close, args=(KEY,))
    closing.start()
    assert device.servable(KEY) is not None
    net.go.set()
    closing.join(5)
    assert [each.answer for each in asks] == [doubled(each) for each in asks]
    assert device.servable(KEY) is None
    with pytest.raises(KeyError):
        device.scheduler.submit(KEY, ask(1).task)


def test_closing_waits_for_a_batch_that_is_taken_but_does_not_run_yet(net: Doubling) -> None:
    taken, go = threading.Event(), threading.Event()

    class Lingering(Scheduler):
        def next(self) -> Batch | None:
            batch = super().next()
            taken.set()
            go.wait(5)
            return batch

    device = Device(Lingering(), max_queue_rows=100)
    device.open(KEY, net)  # type: ignore[arg-type]
    device.start()
    made = ask(1)
    device.scheduler.submit(KEY, made.task)
    taken.wait(5)
    closing = threading.Thread(target=device.close, args=(KEY,))
    closing.start()
    closing.join(0.1)
    go.set()
    until(lambda: made.heard)
    assert made.answer == doubled(made)
    closing.join(5)
    device.stop()


def test_closing_never_loses_a_request_that_was_taken_in(device: Device) -> None:
    """Requests come while versions are opened and closed: each is answered, or turned away when it is sent."""
    for version in range(2, 12):
        key = ("net", version)
        device.open(key, Doubling())  # type: ignore[arg-type]
        taken: list[Ask] = []
        closed = threading.Event()

        def send(key: tuple[str, int] = key, taken: list[Ask] = taken, closed: threading.Event = closed) -> None:
            while not closed.is_set():
                made = ask(1)
                try:
                    device.scheduler.submit(key, made.task)
                except Overloaded:
                    continue
                except KeyError:
                    return
                taken.append(made)

        thread = threading.Thread(target=send)
        thread.start()
        until(lambda taken=taken: len(taken) > 3)  # type: ignore[misc]
        closing = threading.Thread(target=device.close, args=(key,))
        closing.start()
        closing.join(0.1)
        closed.set()
        closing.join(5)
        thread.join(5)
        until(lambda taken=taken: all(each.heard for each in taken))  # type: ignore[misc]
        assert [each.answer for each in taken] == [doubled(each) for each in taken]


def test_batches_are_padded_to_few_sizes() -> None:
    assert batch_sizes(1) == (1,)
    assert batch_sizes(32) == (1, 2, 4, 8, 16, 32)
    assert batch_sizes(48) == (1, 2, 4, 8, 16, 32, 48)
    assert np.all(np.diff(batch_sizes(1000)) > 0)


def test_as_many_batches_run_at_once_as_there_are_runners(net: Doubling) -> None:
    device = Device(Scheduler(), max_queue_rows=100, runners=3)
    device.open(KEY, net)  # type: ignore[arg-type]
    device.start()
    net.go.clear()
    asks = [ask(8) for _ in range(4)]
    for each in asks:
        device.scheduler.submit(KEY, each.task)
    until(lambda: len(net.runs) == 3)
    assert device.scheduler.rows(KEY) == 8
    net.go.set()
    until(lambda: all(each.heard for each in asks))
    assert [each.answer for each in asks] == [doubled(each) for each in asks]
    device.stop()
