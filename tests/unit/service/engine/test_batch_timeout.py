"""How long a batch waits for more rows."""

import threading

import pytest

from service.engine.scheduler import Scheduler
from tests.support.tasks import make_task, read_ids, submit
from tests.support.waiting import call_with_timeout, wait_until
from tests.unit.service.conftest import FakeClock


def test_batch_waits_for_more_rows_until_its_timeout(clock: FakeClock) -> None:
    scheduler = Scheduler(batch_timeout=0.005, clock=clock)
    scheduler.open("net", max_batch_size=8, max_rows=100)
    tasks = submit(scheduler, 1)
    batches: list[list[int]] = []
    thread = threading.Thread(target=lambda: batches.append(read_ids(scheduler.next())))  # type: ignore[arg-type]
    thread.start()
    reads = clock.reads
    wait_until(lambda: clock.reads > reads + 3)  # the scheduler has checked the clock and keeps waiting
    tasks += submit(scheduler, 2)
    reads = clock.reads
    wait_until(lambda: clock.reads > reads + 3)
    assert batches == []
    clock.now += 0.006
    thread.join(5)
    assert batches == [[row for task in tasks for row in task.ids]]


def test_a_full_batch_does_not_wait(clock: FakeClock) -> None:
    scheduler = Scheduler(batch_timeout=1000.0, clock=clock)
    scheduler.open("net", max_batch_size=4, max_rows=100)
    submit(scheduler, 2, 2, 1)
    batch = call_with_timeout(scheduler.next)
    assert batch and batch.rows == 4


def make_patient_scheduler(clock: FakeClock, last: int) -> Scheduler:
    """A scheduler that waits up to five seconds for as many rows as its last batch had, here `last`."""
    scheduler = Scheduler(patience=5.0, clock=clock)
    scheduler.open("net", max_batch_size=4, max_rows=100)
    if last:
        submit(scheduler, *[1] * last)
        clock.now += 6
        batch = call_with_timeout(scheduler.next)
        assert batch and batch.rows == last
    return scheduler


@pytest.mark.parametrize("last", [0, 1])
def test_lone_task_does_not_wait(clock: FakeClock, last: int) -> None:
    scheduler = make_patient_scheduler(clock, last)
    submit(scheduler, 1)
    batch = call_with_timeout(scheduler.next)
    assert batch and batch.rows == 1


def test_batch_waits_for_as_many_rows_as_the_last_one_had(clock: FakeClock) -> None:
    scheduler = make_patient_scheduler(clock, last=3)
    (first,), (second,), third = submit(scheduler, 1), submit(scheduler, 1), make_task(1)
    batches: list[list[int]] = []
    thread = threading.Thread(target=lambda: batches.append(read_ids(scheduler.next())))  # type: ignore[arg-type]
    reads = clock.reads
    thread.start()
    wait_until(lambda: clock.reads > reads)
    assert batches == []
    scheduler.submit("net", third.task)
    thread.join(5)
    assert batches == [first.ids + second.ids + third.ids]


def test_missing_rows_are_waited_for_only_once(clock: FakeClock) -> None:
    scheduler = make_patient_scheduler(clock, last=3)
    submit(scheduler, 1)
    clock.now += 6
    assert call_with_timeout(scheduler.next)
    submit(scheduler, 1)
    assert call_with_timeout(scheduler.next), "the scheduler still waits for rows that never came"


def test_full_batch_starts_at_once(clock: FakeClock) -> None:
    scheduler = make_patient_scheduler(clock, last=4)
    submit(scheduler, 1, 1, 1, 1)
    assert call_with_timeout(scheduler.next)
