"""Which rows run together, and what happens to cancelled, late and failed tasks."""

import threading

import pytest

from service.engine.batch import Batch
from service.engine.scheduler import Scheduler
from service.errors import DeadlineExceeded, InkpawError, Overloaded
from tests.support.tasks import count_waiting, double, make_task, read_ids, run, submit
from tests.support.waiting import call_with_timeout
from tests.unit.service.conftest import FakeClock


def test_waiting_tasks_run_together_in_order(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=8, max_rows=100)
    tasks = submit(scheduler, 1, 2, 3)
    batch = call_with_timeout(scheduler.next)
    assert batch and read_ids(batch) == [row for task in tasks for row in task.ids]
    run(batch)
    assert [task.answer for task in tasks] == [double(task) for task in tasks]


def test_padding_rows_reach_no_task(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=8, max_rows=100)
    first, second = submit(scheduler, 1, 2)
    batch = call_with_timeout(scheduler.next)
    assert batch
    assert read_ids(batch, 4) == [*first.ids, *second.ids, first.ids[0]]
    batch.answer({"doubled": batch.inputs(4)["ids"] * 2}, 4)
    assert (first.answer, second.answer) == (double(first), double(second))


def test_a_task_larger_than_a_batch_is_split_and_joined(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=4, max_rows=100)
    small, large = submit(scheduler, 3, 10)
    for size in (4, 4, 4, 1):
        assert large.results == []
        batch = call_with_timeout(scheduler.next)
        assert batch and batch.rows == size
        run(batch)
    assert (small.answer, large.answer) == (double(small), double(large))


def test_full_queue_refuses_at_once(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=4, max_rows=5)
    submit(scheduler, 3)
    with pytest.raises(Overloaded):
        scheduler.submit("net", make_task(3).task)
    submit(scheduler, 2)
    assert count_waiting(scheduler, "net") == 5


def test_task_larger_than_the_queue_limit_runs_if_the_queue_is_empty(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=4, max_rows=5)
    (large,) = submit(scheduler, 7)
    run(call_with_timeout(scheduler.next))  # type: ignore[arg-type]
    run(call_with_timeout(scheduler.next))  # type: ignore[arg-type]
    assert large.answer == double(large)


def test_cancelled_task_neither_runs_nor_gets_a_callback(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=8, max_rows=100)
    cancelled, other = submit(scheduler, 2, 2)
    cancelled.task.cancel()
    batch = call_with_timeout(scheduler.next)
    assert batch and read_ids(batch) == other.ids
    run(batch)
    assert cancelled.results == []
    assert count_waiting(scheduler, "net") == 0


def test_task_cancelled_while_it_runs_gets_no_callback(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=8, max_rows=100)
    cancelled, other = submit(scheduler, 2, 2)
    batch = call_with_timeout(scheduler.next)
    assert batch
    cancelled.task.cancel()
    run(batch)
    assert (cancelled.results, other.answer) == ([], double(other))


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_cancelled_or_expired_task_frees_its_rows_at_once(scheduler: Scheduler, clock: FakeClock, end: str) -> None:
    scheduler.open("net", max_batch_size=4, max_rows=4)
    (ended,) = submit(scheduler, 4, deadline=clock.now + 1)
    if end == "cancelled":
        ended.task.cancel()
    else:
        clock.now += 2
    submit(scheduler, 4)  # before the device asks for its next batch


def test_task_past_its_deadline_fails_and_is_not_in_the_batch(scheduler: Scheduler, clock: FakeClock) -> None:
    scheduler.open("net", max_batch_size=8, max_rows=100)
    (late,) = submit(scheduler, 2, deadline=clock.now + 1)
    (early,) = submit(scheduler, 2, deadline=clock.now + 3)
    clock.now += 2
    batch = call_with_timeout(scheduler.next)
    assert batch and read_ids(batch) == early.ids
    assert isinstance(late.error, DeadlineExceeded)


def test_task_submitted_past_its_deadline_is_refused(scheduler: Scheduler, clock: FakeClock) -> None:
    scheduler.open("net", max_batch_size=8, max_rows=100)
    with pytest.raises(DeadlineExceeded):
        scheduler.submit("net", make_task(1, deadline=clock.now).task)
    assert count_waiting(scheduler, "net") == 0


def test_failed_batch_is_run_again_one_request_at_a_time(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=8, max_rows=100)
    first, cancelled, second = submit(scheduler, 2, 1, 3)
    batch = call_with_timeout(scheduler.next)
    assert batch
    cancelled.task.cancel()
    parts = list(batch.split())
    assert [read_ids(part) for part in parts] == [first.ids, second.ids]
    parts[0].fail(InkpawError("bad rows"))
    run(parts[1])
    assert (first.error.message, second.answer) == ("bad rows", double(second))


def test_rest_of_a_failed_task_never_runs(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=2, max_rows=100)
    split, other = submit(scheduler, 5, 1)
    batch = call_with_timeout(scheduler.next)
    assert batch
    batch.fail(InkpawError("bad rows"))
    batch = call_with_timeout(scheduler.next)
    assert batch and read_ids(batch) == other.ids
    assert split.error.message == "bad rows"


def test_queue_seconds_are_reported(scheduler: Scheduler, clock: FakeClock) -> None:
    scheduler.open("net", max_batch_size=2, max_rows=100)
    (split,) = submit(scheduler, 4)
    clock.now += 3.0
    run(call_with_timeout(scheduler.next))  # type: ignore[arg-type]
    clock.now += 1.0
    run(call_with_timeout(scheduler.next))  # type: ignore[arg-type]
    assert split.queue_seconds == 3.0


def test_closing_fails_every_waiting_task(scheduler: Scheduler) -> None:
    for key in ("net", "other"):
        scheduler.open(key, max_batch_size=8, max_rows=100)
    (one,), (two,) = submit(scheduler, 1), submit(scheduler, 1, key="other")
    scheduler.close()
    assert [task.error.status for task in (one, two)] == [503, 503]
    with pytest.raises(KeyError):
        scheduler.submit("net", make_task(1).task)


def test_task_is_shared_by_several_runners(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=2, max_rows=100)
    batches: list[Batch | None] = []
    runners = [threading.Thread(target=lambda: batches.append(scheduler.next())) for _ in range(3)]
    for runner in runners:
        runner.start()
    (split,) = submit(scheduler, 5)
    for runner in runners:
        runner.join(5)
    for batch in batches:
        run(batch)  # type: ignore[arg-type]
    assert sorted(len(read_ids(batch)) for batch in batches if batch) == [1, 2, 2]
    assert split.answer == double(split)


def test_runner_that_waits_for_a_batch_ends_on_close(scheduler: Scheduler) -> None:
    scheduler.open("net", max_batch_size=8, max_rows=100)
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(scheduler.next()))
    thread.start()
    scheduler.close()
    thread.join(5)
    assert results == [None]
