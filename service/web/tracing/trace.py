"""What is recorded of a request that is traced: its steps, and when they began and ended on the monotonic clock."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from service.errors import InkpawError
from service.web.tracing.trace_context import TraceContext


@dataclass(slots=True)
class Step:
    """`error` is the code or the class of what the step raised; `steps` are those within it."""

    name: str
    started: float
    ended: float = 0.0
    rows: int | None = None
    error: str = ""
    steps: list["Step"] = field(default_factory=list)

    def add_run(self, arrived: float, started: float, ended: float) -> None:
        """What the engine reports: when the rows came, when their first batch began, and when the last one ended."""
        self.steps += [Step("queue", arrived, started), Step("compute", started, ended)]


@dataclass(slots=True)
class Trace:
    """`parent` is the caller's span, None where the trace begins here."""

    parent: TraceContext | None
    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def measure(self, name: str, rows: int) -> Iterator[Step]:
        """A step that lasts as long as the `with`."""
        step = Step(name, time.monotonic(), rows=rows)
        self.steps.append(step)
        try:
            yield step
        except Exception as error:
            step.error = error.code if isinstance(error, InkpawError) else type(error).__name__
            raise
        finally:
            step.ended = time.monotonic()
