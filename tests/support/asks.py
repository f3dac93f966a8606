"""A task whose rows can be told from any other's, and what became of it."""

from dataclasses import dataclass, field
from itertools import count

import numpy as np

from service.engine.batch import Batch
from service.engine.scheduler import Scheduler
from service.engine.task import Arrays, Task, Timing
from service.errors import InkpawError

_row = count(1)


@dataclass(eq=False)
class Ask:
    """`ids` are its rows' values, found nowhere else; `heard` is everything that its callbacks were called with."""

    ids: list[int]
    task: Task
    heard: list[Arrays | InkpawError] = field(default_factory=list)
    timing: Timing | None = None

    def done(self, outputs: Arrays, timing: Timing) -> None:
        self.heard.append(outputs)
        self.timing = timing

    @property
    def error(self) -> InkpawError:
        (only,) = self.heard
        assert isinstance(only, InkpawError)
        return only

    @property
    def answer(self) -> list[int]:
        """The rows of the one answer."""
        (only,) = self.heard
        assert not isinstance(only, InkpawError), only
        found: list[int] = only["doubled"].tolist()
        return found


def ask(rows: int, deadline: float = float("inf")) -> Ask:
    ids = [next(_row) for _ in range(rows)]
    made = Ask(ids, Task({"ids": np.array(ids)}, rows, deadline, lambda *_: None, lambda _: None))
    made.task.on_done, made.task.on_error = made.done, made.heard.append
    return made


def doubled(ask: Ask) -> list[int]:
    """The right answer."""
    return [2 * each for each in ask.ids]


def ids(batch: Batch, size: int | None = None) -> list[int]:
    """The rows that a batch brings to the model."""
    found: list[int] = batch.inputs(size or batch.rows)["ids"].tolist()
    return found


def run(batch: Batch, seconds: float = 0.0) -> None:
    """Run the batch as a device would."""
    batch.answer({"doubled": batch.inputs(batch.rows)["ids"] * 2}, seconds)


def submitted(scheduler: Scheduler, *rows: int, key: str = "net", deadline: float = float("inf")) -> list[Ask]:
    """Tasks of so many rows each, queued one after another."""
    asks = [ask(each, deadline) for each in rows]
    for each in asks:
        scheduler.submit(key, each.task)
    return asks
