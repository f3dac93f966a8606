"""What the tests of batching share: a clock that a test moves, and a scheduler that goes by it."""

from pathlib import Path

import pytest

from service.engine.scheduler import Scheduler


class FakeClock:
    """Time as the test tells it. `read` counts how often it was asked."""

    def __init__(self) -> None:
        self.now = 100.0
        self.read = 0

    def __call__(self) -> float:
        self.read += 1
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def scheduler(clock: FakeClock) -> Scheduler:
    return Scheduler(clock=clock)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a socket."""
    return tmp_path / "e.sock"
