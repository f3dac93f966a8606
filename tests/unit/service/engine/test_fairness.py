"""Servables share the time of the device: a flood of requests for one does not starve another."""

from hypothesis import given, settings
from hypothesis import strategies as st

from service.engine.scheduler import Scheduler
from tests.support.tasks import make_task, run
from tests.unit.service.conftest import FakeClock

costs = st.integers(1, 50)


def make_flooded_scheduler(*keys: str) -> Scheduler:
    scheduler = Scheduler(clock=FakeClock())
    for key in keys:
        scheduler.open(key, max_batch_size=1, max_rows=10_000)
        for _ in range(300):
            scheduler.submit(key, make_task(1).task)
    return scheduler


def run_one(scheduler: Scheduler, costs: dict[str, int]) -> str:
    """Run the next batch, which takes `costs` of its key. Returns the key."""
    batch = scheduler.next()
    assert batch is not None
    key = str(batch.key)
    run(batch)
    scheduler.finish(batch, costs[key])
    return key


@settings(max_examples=20)
@given(costs, costs, costs)
def test_queues_that_are_never_empty_get_equal_time(one: int, two: int, three: int) -> None:
    cost = {"one": one, "two": two, "three": three}
    scheduler = make_flooded_scheduler(*cost)
    used = dict.fromkeys(cost, 0)
    for _ in range(100):
        key = run_one(scheduler, cost)
        used[key] += cost[key]
        assert max(used.values()) - min(used.values()) <= max(cost.values())


@settings(max_examples=20)
@given(costs, costs)
def test_a_lone_request_runs_after_at_most_one_batch_of_a_flood(flood: int, lone: int) -> None:
    cost = {"flood": flood, "lone": lone}
    scheduler = make_flooded_scheduler("flood")
    scheduler.open("lone", max_batch_size=1, max_rows=10)
    for _ in range(20):
        run_one(scheduler, cost)
    scheduler.submit("lone", make_task(1).task)
    assert "lone" in {run_one(scheduler, cost), run_one(scheduler, cost)}


@settings(max_examples=20)
@given(costs, costs)
def test_idle_queue_gets_no_time_credit(flood: int, late: int) -> None:
    cost = {"flood": flood, "late": late}
    scheduler = make_flooded_scheduler("flood")
    scheduler.open("late", max_batch_size=1, max_rows=1000)
    for _ in range(200):
        run_one(scheduler, cost)
    for _ in range(100):
        scheduler.submit("late", make_task(1).task)
    used = {"flood": 0, "late": 0}
    for _ in range(40):
        key = run_one(scheduler, cost)
        used[key] += cost[key]
    assert abs(used["flood"] - used["late"]) <= 2 * max(cost.values())


def test_used_time_counts_even_if_the_queue_is_empty() -> None:
    scheduler = Scheduler(clock=FakeClock())
    for key in ("heavy", "light"):
        scheduler.open(key, max_batch_size=8, max_rows=100)
    scheduler.submit("heavy", make_task(1).task)
    assert run_one(scheduler, {"heavy": 50}) == "heavy"
    for key in ("light", "heavy"):
        scheduler.submit(key, make_task(1).task)
    assert run_one(scheduler, {"light": 1}) == "light"


def test_batches_are_smaller_while_other_servables_run() -> None:
    clock = FakeClock()
    scheduler = Scheduler(share=4, clock=clock)
    for key in ("flood", "other"):
        scheduler.open(key, max_batch_size=8, max_rows=100)
    for _ in range(40):
        scheduler.submit("flood", make_task(1).task)

    def run_next() -> int:
        """Run the next batch. Returns its number of rows."""
        batch = scheduler.next()
        assert batch is not None
        run(batch)
        scheduler.finish(batch, 1.0 if batch.key == "flood" else 0.0)
        return batch.rows

    assert run_next() == 8
    scheduler.submit("other", make_task(1).task)
    assert [run_next(), run_next(), run_next()] == [1, 2, 2]
    clock.now += 1
    assert run_next() == 8
