"""A fault: what is done to a service under load, and what the service promises meanwhile."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.faults.load import OUTCOMES, Load
from tests.support.processes import is_alive, list_session
from tests.support.server import Service

REQUEST_SECONDS = 5.0
SETTINGS: dict[str, Any] = {
    "request_seconds": REQUEST_SECONDS,
    "stall_seconds": 6,
    "grace_seconds": 8,
    "max_body_bytes": 4 << 20,
}
RECOVERY = 5.0  # seconds from the end of a fault until every request is answered again


class Skipped(Exception):
    """This machine cannot make the fault; the text says what it lacks."""


@dataclass
class Scene:
    """A service under load. `folder` is the fault's own: in it are `models` and what the surroundings made."""

    service: Service
    load: Load
    folder: Path
    notes: list[str] = field(default_factory=list)

    def check(self, holds: bool, broken: str) -> None:
        """Notes what did not hold."""
        if not holds:
            self.notes.append(broken)

    def expect_recovery(self, seconds: float = RECOVERY) -> None:
        """The fault is over: within so many seconds the service is ready and answers again."""
        began = time.monotonic()
        while time.monotonic() - began < seconds + 25:
            if self.is_up("/readyz") and self.load.wait_for("right", 20, 1):
                break
        took = time.monotonic() - began
        self.check(took <= seconds, f"answered again only after {took:.1f} s")

    def is_up(self, path: str) -> bool:
        try:
            return self.service.get(path, timeout=3).status_code == 200
        except requests.RequestException:
            return False


Surroundings = Callable[[Path], AbstractContextManager[dict[str, Any]]]


@contextmanager
def _plain(_: Path) -> Iterator[dict[str, Any]]:
    yield {}


@dataclass(frozen=True)
class Fault:
    """`allowed` are outcomes beside `right`. `stops` is true for a fault after which the service is to have ended,
    `is_logged` for one whose traceback belongs into the log.

    `surroundings` makes what the service starts in, and yields settings for it; it raises Skipped.
    """

    name: str
    promise: str
    make: Callable[[Scene], None]
    allowed: frozenset[str]
    settings: dict[str, Any]
    stops: bool
    is_logged: bool
    surroundings: Surroundings


FAULTS: list[Fault] = []


def fault(
    name: str,
    promise: str,
    *allowed: str,
    stops: bool = False,
    is_logged: bool = False,
    surroundings: Surroundings = _plain,
    **settings: Any,
) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    """Adds the function to FAULTS."""
    assert set(allowed) <= set(OUTCOMES)

    def add(make: Callable[[Scene], None]) -> Callable[[Scene], None]:
        FAULTS.append(Fault(name, promise, make, frozenset(allowed), settings, stops, is_logged, surroundings))
        return make

    return add


def list_leftovers(service: Service, before: set[Path]) -> list[str]:
    """Processes of an ended service that live on, and what it left in shared memory."""
    processes = [f"process {pid}" for pid in list_session(service.process.pid) if is_alive(pid)]
    return processes + [f"{path} is left" for path in set(list_shared_memory()) - before]


def list_shared_memory() -> list[Path]:
    return list(Path("/dev/shm").iterdir())
