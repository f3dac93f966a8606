"""How long a batch waits for company, and when it does not."""

import threading

import pytest

from service.engine.scheduler import Scheduler
from tests.support.asks import ask, ids, submitted
from tests.support.waiting import soon, until
from tests.unit.service.conftest import FakeClock


def test_a_batch_waits_for_company_until_its_time_is_up(clock: FakeClock) -> None:
    scheduler = Scheduler(batch_timeout=0.005, clock=clock)
    scheduler.open("net", max_batch_size=8, max_rows=100)
    asks = submitted(scheduler, 1)
    batches: list[list[int]] = []
    thread = threading.Thread(target=lambda: batches.append(ids(scheduler.next())))  # type: ignore[arg-type]
    thread.start()
    looked = clock.read
    until(lambda: clock.read > looked + 3)  # it has woken and looked, and its time has not come
    asks += submitted(scheduler, 2)
    looked = clock.read
    until(lambda: clock.read > looked + 3)
    assert batches == []
    clock.now += 0.006
    thread.join(5)
    assert batches == [[each for one in asks for each in one.ids]]


def test_a_full_batch_does_not_wait(clock: FakeClock) -> None:
    scheduler = Scheduler(batch_timeout=1000.0, clock=clock)
    scheduler.open("net", max_batch_size=4, max_rows=100)
    submitted(scheduler, 2, 2, 1)
    batch = soon(scheduler.next)
    assert batch and batch.rows == 4


def patient(clock: FakeClock, last: int) -> Scheduler:
    """A scheduler that waits, five seconds at most, for as many rows as its last batch had."""
    scheduler = Scheduler(patience=5.0, clock=clock)
    scheduler.open("net", max_batch_size=4, max_rows=100)
    if last:
        submitted(scheduler, *[1] * last)
        clock.now += 6
        batch = soon(scheduler.next)
        assert batch and batch.rows == last
    return scheduler


@pytest.mark.parametrize("last", [0, 1])
def test_one_who_comes_alone_is_not_kept_waiting(clock: FakeClock, last: int) -> None:
    scheduler = patient(clock, last)
    submitted(scheduler, 1)
    batch = soon(scheduler.next)
    assert batch and batch.rows == 1


def test_a_batch_waits_for_as_many_as_the_last_had(clock: FakeClock) -> None:
    scheduler = patient(clock, last=3)
    one, two, three = asked = submitted(scheduler, 1), submitted(scheduler, 1), ask(1)
    batches: list[list[int]] = []
    thread = threading.Thread(target=lambda: batches.append(ids(scheduler.next())))  # type: ignore[arg-type]
    looked = clock.read
    thread.start()
    until(lambda: clock.read > looked)
    assert batches == []
    scheduler.submit("net", three.task)
    thread.join(5)
    assert batches == [one[0].ids + two[0].ids + asked[2].ids]


def test_those_who_do_not_come_are_waited_for_once(clock: FakeClock) -> None:
    scheduler = patient(clock, last=3)
    submitted(scheduler, 1)
    clock.now += 6
    assert soon(scheduler.next)
    submitted(scheduler, 1)
    assert soon(scheduler.next), "it still waits for those who have not come"


def test_a_full_batch_waits_for_nobody(clock: FakeClock) -> None:
    scheduler = patient(clock, last=4)
    submitted(scheduler, 1, 1, 1, 1)
    assert soon(scheduler.next)
