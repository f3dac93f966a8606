"""After any sequence of events, every row is answered once and in order, and queues stay within their limits."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from service.engine.batch import Batch
from service.engine.scheduler import Scheduler
from service.errors import DeadlineExceeded, InkpawError, Overloaded, Unavailable
from tests.support.tasks import RecordedTask, count_waiting, double, make_task, read_ids, run
from tests.support.waiting import call_with_timeout
from tests.unit.service.conftest import FakeClock

QUEUES = {"small": (2, 6), "large": (5, 9)}  # max_batch_size and max_rows
FAILED = "the batch failed"

picks = st.integers(0, 1 << 16)


class Batching(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.scheduler = Scheduler(clock=self.clock)
        for key, (size, rows) in QUEUES.items():
            self.scheduler.open(key, size, rows)
        self.tasks: dict[str, list[RecordedTask]] = {key: [] for key in QUEUES}
        self.running: list[Batch] = []
        self.cancelled: set[RecordedTask] = set()
        self.run_rows: list[int] = []

    @rule(key=st.sampled_from(sorted(QUEUES)), rows=st.integers(1, 12), patience=st.integers(1, 5))
    def submit(self, key: str, rows: int, patience: int) -> None:
        task = make_task(rows, self.clock.now + patience)
        before = count_waiting(self.scheduler, key)
        try:
            self.scheduler.submit(key, task.task)
        except Overloaded:
            assert before + rows > QUEUES[key][1]
            assert count_waiting(self.scheduler, key) <= before
            self.cancelled.add(task)
        self.tasks[key].append(task)

    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        unanswered = [task for tasks in self.tasks.values() for task in tasks if not task.results]
        if unanswered:
            chosen = unanswered[pick % len(unanswered)]
            chosen.task.cancel()
            self.cancelled.add(chosen)

    @rule(seconds=st.integers(1, 3))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    def list_waiting_rows(self, key: str) -> list[int]:
        """The rows that may still run, oldest first."""
        open_tasks = [task for task in self.tasks[key] if task not in self.cancelled and not task.results]
        in_time = [task for task in open_tasks if task.task.deadline > self.clock.now]
        return [row for task in in_time for row in task.ids if row not in self.run_rows]

    @precondition(lambda self: any(self.list_waiting_rows(key) for key in QUEUES))
    @rule()
    def take(self) -> None:
        expected = {key: self.list_waiting_rows(key) for key in QUEUES}
        batch = call_with_timeout(self.scheduler.next)
        assert batch is not None
        key, rows = str(batch.key), read_ids(batch)
        assert rows == expected[key][: QUEUES[key][0]], "a batch must hold the oldest waiting rows"
        self.run_rows += rows
        self.running.append(batch)

    @precondition(lambda self: self.running)
    @rule(pick=picks)
    def finish(self, pick: int) -> None:
        run(self.running.pop(pick % len(self.running)))

    @precondition(lambda self: self.running)
    @rule(pick=picks)
    def fail(self, pick: int) -> None:
        self.running.pop(pick % len(self.running)).fail(InkpawError(FAILED))

    @invariant()
    def queues_stay_within_their_limits(self) -> None:
        for key, (_, limit) in QUEUES.items():
            largest = max((len(task.ids) for task in self.tasks[key]), default=0)
            assert 0 <= count_waiting(self.scheduler, key) <= max(limit, largest)

    @invariant()
    def results_are_single_and_correct(self) -> None:
        for task in (task for tasks in self.tasks.values() for task in tasks if task.results):
            if not isinstance(task.results[0], InkpawError):
                assert task.answer == double(task)
            elif task.error.message != FAILED:
                assert isinstance(task.error, DeadlineExceeded | Unavailable)
                assert task.task.deadline <= self.clock.now

    def teardown(self) -> None:
        while any(self.list_waiting_rows(key) for key in QUEUES):
            self.take()
        while self.running:
            run(self.running.pop())
        self.clock.now += 100
        self.scheduler.close()
        assert len(self.run_rows) == len(set(self.run_rows)), "a row ran twice"
        for task in (task for tasks in self.tasks.values() for task in tasks):
            assert task.results or task in self.cancelled, "a task got no result"
            assert len(task.results) <= 1
        self.results_are_single_and_correct()


TestBatching = Batching.TestCase
TestBatching.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
