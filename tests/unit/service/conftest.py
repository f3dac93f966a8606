"""A clock that tests move, a scheduler that reads it, and the path of a socket."""

from pathlib import Path

import pytest

from service.engine.scheduler import Scheduler


class FakeClock:
    """Returns `now`, which the test sets. `reads` counts the calls."""

    def __init__(self) -> None:
        self.now = 100.0
        self.reads = 0

    def __call__(self) -> float:
        self.reads += 1
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def scheduler(clock: FakeClock) -> Scheduler:
    return Scheduler(clock=clock)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the engine's socket."""
    return tmp_path / "e.sock"
