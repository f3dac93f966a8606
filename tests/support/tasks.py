"""Tasks with unique rows, which record what their callbacks are called with."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from service.engine.batch import Batch
from service.engine.scheduler import Scheduler
from service.engine.task import Arrays, Task
from service.errors import InkpawError

_next_id = count(1)


@dataclass(eq=False)
class RecordedTask:
    """`ids` are the values of its rows, unique among all tasks. `results` holds the arguments of its callbacks."""

    ids: list[int]
    task: Task
    results: list[Arrays | InkpawError] = field(default_factory=list)
    queue_seconds: float | None = None

    def on_done(self, outputs: Arrays, queue_seconds: float) -> None:
        self.results.append(outputs)
        self.queue_seconds = queue_seconds

    @property
    def error(self) -> InkpawError:
        (result,) = self.results
        assert isinstance(result, InkpawError)
        return result

    @property
    def answer(self) -> list[int]:
        """The rows of the only result, which must not be an error."""
        (result,) = self.results
        assert not isinstance(result, InkpawError), result
        rows: list[int] = result["doubled"].tolist()
        return rows


def make_task(rows: int, deadline: float = float("inf")) -> RecordedTask:
    ids = [next(_next_id) for _ in range(rows)]
    recorded = RecordedTask(ids, Task({"ids": np.array(ids)}, rows, deadline, lambda *_: None, lambda _: None))
    recorded.task.on_done, recorded.task.on_error = recorded.on_done, recorded.results.append
    return recorded


def double(recorded: RecordedTask) -> list[int]:
    """The correct answer to the task."""
    return [2 * row for row in recorded.ids]


def read_ids(batch: Batch, size: int | None = None) -> list[int]:
    """The rows that the model gets from this batch."""
    ids: list[int] = batch.inputs(size or batch.rows)["ids"].tolist()
    return ids


def run(batch: Batch) -> None:
    """Run the batch as a device would."""
    batch.answer({"doubled": batch.inputs(batch.rows)["ids"] * 2}, batch.rows)


def submit(scheduler: Scheduler, *rows: int, key: str = "net", deadline: float = float("inf")) -> list[RecordedTask]:
    """Submit one task per number of rows, in this order."""
    tasks = [make_task(number, deadline) for number in rows]
    for recorded in tasks:
        scheduler.submit(key, recorded.task)
    return tasks


def count_waiting(scheduler: Scheduler, key: Hashable) -> int:
    """The rows that wait for that servable; 0 if it has no queue."""
    return scheduler.measure_queues().get(key, (0, 0.0))[0]
