"""Whatever happens in whatever order, every row is answered once and in order, and every bound is kept."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from service.engine.batch import Batch
from service.engine.scheduler import Scheduler
from service.errors import DeadlineExceeded, InkpawError, Overloaded, Unavailable
from tests.support.tasks import RecordedTask, double, make_task, read_ids, run
from tests.support.waiting import call_with_timeout
from tests.unit.service.conftest import FakeClock

QUEUES = {"small": (2, 6), "large": (5, 9)}  # the most rows in a batch, and that may wait
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
        self.ran: list[int] = []

    @rule(key=st.sampled_from(sorted(QUEUES)), rows=st.integers(1, 12), patience=st.integers(1, 5))
    def submit(self, key: str, rows: int, patience: int) -> None:
        made = make_task(rows, self.clock.now + patience)
        before = self.scheduler.count_rows(key)
        try:
            self.scheduler.submit(key, made.task)
        except Overloaded:
            assert before + rows > QUEUES[key][1]
            assert self.scheduler.count_rows(key) <= before
            self.cancelled.add(made)
        self.tasks[key].append(made)

    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        open_ = [each for tasks in self.tasks.values() for each in tasks if not each.results]
        if open_:
            gone = open_[pick % len(open_)]
            gone.task.cancel()
            self.cancelled.add(gone)

    @rule(seconds=st.integers(1, 3))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    def waiting(self, key: str) -> list[int]:
        """The rows that may still run, oldest first."""
        live = [each for each in self.tasks[key] if each not in self.cancelled and not each.results]
        left = [each for each in live if each.task.deadline > self.clock.now]
        return [row for each in left for row in each.ids if row not in self.ran]

    @precondition(lambda self: any(self.waiting(key) for key in QUEUES))
    @rule()
    def take(self) -> None:
        expected = {key: self.waiting(key) for key in QUEUES}
        batch = call_with_timeout(self.scheduler.next)
        assert batch is not None
        key, rows = str(batch.key), read_ids(batch)
        assert rows == expected[key][: QUEUES[key][0]], "not the oldest rows that anybody waits for"
        self.ran += rows
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
    def no_more_rows_wait_than_may(self) -> None:
        for key, (_, most) in QUEUES.items():
            longest = max((len(each.ids) for each in self.tasks[key]), default=0)
            assert 0 <= self.scheduler.count_rows(key) <= max(most, longest)

    @invariant()
    def nobody_is_told_twice_or_wrongly(self) -> None:
        for each in (each for tasks in self.tasks.values() for each in tasks if each.results):
            if not isinstance(each.results[0], InkpawError):
                assert each.answer == double(each)
            elif each.error.message != FAILED:
                assert isinstance(each.error, DeadlineExceeded | Unavailable)
                assert each.task.deadline <= self.clock.now

    def teardown(self) -> None:
        while any(self.waiting(key) for key in QUEUES):
            self.take()
        while self.running:
            run(self.running.pop())
        self.clock.now += 100
        self.scheduler.close()
        assert len(self.ran) == len(set(self.ran)), "a row ran twice"
        for each in (each for tasks in self.tasks.values() for each in tasks):
            assert each.results or each in self.cancelled, "nobody told it anything"
            assert len(each.results) <= 1
        self.nobody_is_told_twice_or_wrongly()


TestBatching = Batching.TestCase
TestBatching.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
