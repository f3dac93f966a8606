"""Which rows run together, and what becomes of those that do not."""

import threading

import pytest

from service.engine.batch import Batch
from service.engine.scheduler import Scheduler
from service.errors import DeadlineExceeded, InkpawError, Overloaded
from tests.support.asks import ask, doubled, ids, run, submitted
from tests.support.waiting import soon
from tests.unit.service.conftest import FakeClock


def test_what_has_gathered_runs_together_in_order(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=8, max_rows=100)
    asks = submitted(scheduler, 1, 2, 3)
    batch = soon(scheduler.next)
    assert batch and ids(batch) == [each for one in asks for each in one.ids]
    run(batch)
    assert [each.answer for each in asks] == [doubled(each) for each in asks]


def test_a_batch_is_padded_with_rows_that_nobody_hears_of(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=8, max_rows=100)
    first, second = submitted(scheduler, 1, 2)
    batch = soon(scheduler.next)
    assert batch
    assert ids(batch, 4) == [*first.ids, *second.ids, first.ids[0]]
    batch.answer({"doubled": batch.inputs(4)["ids"] * 2}, 0.0)
    assert (first.answer, second.answer) == (doubled(first), doubled(second))


def test_a_task_larger_than_a_batch_is_split_and_joined(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=4, max_rows=100)
    small, large = submitted(scheduler, 3, 10)
    for size in (4, 4, 4, 1):
        assert large.heard == []
        batch = soon(scheduler.next)
        assert batch and batch.rows == size
        run(batch)
    assert (small.answer, large.answer) == (doubled(small), doubled(large))


def test_a_full_queue_turns_away_at_once(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=4, max_rows=5)
    submitted(scheduler, 3)
    with pytest.raises(Overloaded):
        scheduler.submit("net", ask(3).task)
    submitted(scheduler, 2)
    assert scheduler.rows("net") == 5


def test_a_task_larger_than_the_bound_runs_if_nothing_waits(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=4, max_rows=5)
    (large,) = submitted(scheduler, 7)
    run(soon(scheduler.next))  # type: ignore[arg-type]
    run(soon(scheduler.next))  # type: ignore[arg-type]
    assert large.answer == doubled(large)


def test_a_cancelled_task_neither_runs_nor_is_called(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=8, max_rows=100)
    gone, stays = submitted(scheduler, 2, 2)
    gone.task.cancel()
    batch = soon(scheduler.next)
    assert batch and ids(batch) == stays.ids
    run(batch)
    assert gone.heard == []
    assert scheduler.rows("net") == 0


def test_a_task_cancelled_while_it_runs_is_not_called(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=8, max_rows=100)
    gone, stays = submitted(scheduler, 2, 2)
    batch = soon(scheduler.next)
    assert batch
    gone.task.cancel()
    run(batch)
    assert (gone.heard, stays.answer) == ([], doubled(stays))


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_what_nobody_waits_for_any_more_frees_its_place_at_once(
    scheduler: Scheduler, clock: FakeClock, end: str
) -> None:
    scheduler.open("net", max_batch_size=4, max_rows=4)
    (gone,) = submitted(scheduler, 4, deadline=clock.now + 1)
    if end == "cancelled":
        gone.task.cancel()
    else:
        clock.now += 2
    submitted(scheduler, 4)  # while the device has not come back for its next batch


def test_a_task_past_its_deadline_is_told_and_takes_no_place(scheduler: Scheduler, clock: FakeClock) -> None:
    scheduler.open("net", max_batch_size=8, max_rows=100)
    (late,) = submitted(scheduler, 2, deadline=clock.now + 1)
    (early,) = submitted(scheduler, 2, deadline=clock.now + 3)
    clock.now += 2
    batch = soon(scheduler.next)
    assert batch and ids(batch) == early.ids
    assert isinstance(late.error, DeadlineExceeded)


def test_a_task_that_comes_too_late_is_not_queued(scheduler: Scheduler, clock: FakeClock) -> None:
    scheduler.open("net", max_batch_size=8, max_rows=100)
    with pytest.raises(DeadlineExceeded):
        scheduler.submit("net", ask(1, deadline=clock.now).task)
    assert scheduler.rows("net") == 0


def test_a_batch_that_failed_is_tried_again_one_request_at_a_time(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=8, max_rows=100)
    first, gone, second = submitted(scheduler, 2, 1, 3)
    batch = soon(scheduler.next)
    assert batch
    gone.task.cancel()
    alone = list(batch.alone())
    assert [ids(each) for each in alone] == [first.ids, second.ids]
    alone[0].fail(InkpawError("bad rows"))
    run(alone[1])
    assert (first.error.message, second.answer) == ("bad rows", doubled(second))


def test_the_rest_of_a_task_whose_part_failed_never_runs(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=2, max_rows=100)
    split, other = submitted(scheduler, 5, 1)
    batch = soon(scheduler.next)
    assert batch
    batch.fail(InkpawError("bad rows"))
    batch = soon(scheduler.next)
    assert batch and ids(batch) == other.ids
    assert split.error.message == "bad rows"


def test_it_is_told_how_long_a_task_waited_and_ran(scheduler: Scheduler, clock: FakeClock) -> None:
    scheduler.open("net", max_batch_size=2, max_rows=100)
    (split,) = submitted(scheduler, 4)
    clock.now += 3.0
    run(soon(scheduler.next), seconds=0.25)  # type: ignore[arg-type]
    clock.now += 1.0
    run(soon(scheduler.next), seconds=0.5)  # type: ignore[arg-type]
    assert split.timing and (split.timing.queued, split.timing.computed) == (3.0, 0.75)


def test_closing_tells_all_that_waits(scheduler: Scheduler) -> None:
    for key in ("net", "other"):
        scheduler.open(key, max_batch_size=8, max_rows=100)
    (one,), (two,) = submitted(scheduler, 1), submitted(scheduler, 1, key="other")
    scheduler.close()
    assert [each.error.status for each in (one, two)] == [503, 503]
    with pytest.raises(KeyError):
        scheduler.submit("net", ask(1).task)


def test_what_one_runner_leaves_another_takes(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=2, max_rows=100)
    taken: list[Batch | None] = []
    runners = [threading.Thread(target=lambda: taken.append(scheduler.next())) for _ in range(3)]
    for runner in runners:
        runner.start()
    (split,) = submitted(scheduler, 5)
    for runner in runners:
        runner.join(5)
    for batch in taken:
        run(batch)  # type: ignore[arg-type]
    assert sorted(len(ids(batch)) for batch in taken if batch) == [1, 2, 2]
    assert split.answer == doubled(split)


def test_whoever_waits_for_a_batch_is_told_of_the_end(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=8, max_rows=100)
    ended: list[object] = []
    thread = threading.Thread(target=lambda: ended.append(scheduler.next()))
    thread.start()
    scheduler.close()
    thread.join(5)
    assert ended == [None]
