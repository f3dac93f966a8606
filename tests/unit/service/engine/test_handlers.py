"""An engine without TensorFlow: socket, handlers, batching and device are real, and the model doubles its input."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import gevent
import numpy as np
import pytest
from numpy.typing import NDArray

from service.catalog import Catalog, Model, State, Version
from service.engine.device import Device
from service.engine.handlers import CallHandler
from service.engine.scheduler import Scheduler
from service.errors import BadRequest, DeadlineExceeded, InkpawError, ModelNotFound, Overloaded, Unavailable
from service.ipc.client import EngineClient
from service.ipc.server import Server
from tests.support.tasks import count_waiting
from tests.support.waiting import wait_until

NET = Version(1, "AVAILABLE")


class Doubling:
    """Doubles its input. It waits for `go` before each run; `run_rows` holds the rows of all runs that have started."""

    sizes = (1, 2, 4)

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()
        self.run_rows: list[float] = []

    def check(self, inputs: Mapping[str, NDArray]) -> int:
        if "a" not in inputs:
            raise BadRequest("The inputs must be a.")
        return len(inputs["a"])

    def size_for(self, rows: int) -> int:
        return next(size for size in self.sizes if size >= rows)

    def run(self, inputs: Mapping[str, NDArray]) -> dict[str, NDArray]:
        self.run_rows += inputs["a"].tolist()
        assert self.go.wait(5)
        return {"b": inputs["a"] * 2}


@dataclass
class FakeRepository:
    """Holds a catalog."""

    catalog: Catalog = field(default_factory=lambda: make_catalog("AVAILABLE"))


def make_catalog(state: State) -> Catalog:
    return Catalog(5, {"net": Model("net", {1: Version(1, state)})})


@dataclass
class Engine:
    client: EngineClient
    device: Device
    net: Doubling
    repository: FakeRepository

    def run(self, *rows: float, seconds: float = 5.0, name: str = "net", array: str = "a") -> list[float]:
        outputs = self.client.run(name, NET, {array: np.array(rows)}, time.monotonic() + seconds)
        values: list[float] = outputs["b"].tolist()
        return values

    def occupy_device(self) -> gevent.Greenlet:
        """Keep the device busy until the test sets `net.go`. Returns the running call."""
        self.net.go.clear()
        call = gevent.spawn(self.run, 0.0)
        wait_until(lambda: self.net.run_rows)
        return call


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    net, repository, device = Doubling(), FakeRepository(), Device(Scheduler(), max_queue_rows=4)
    device.open(("net", 1), net)  # type: ignore[arg-type]
    device.start()
    server = Server(tmp_path / "e.sock", CallHandler(repository, device).handle)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield Engine(EngineClient(tmp_path / "e.sock"), device, net, repository)
    net.go.set()
    server.stop()
    thread.join(5)
    device.stop()


def test_rows_are_run_and_answered(engine: Engine) -> None:
    assert engine.run(1, 2, 3, 4, 5, 6) == [2, 4, 6, 8, 10, 12]


def test_inputs_of_another_name_are_refused(engine: Engine) -> None:
    with pytest.raises(BadRequest, match="must be a"):
        engine.run(1, array="other")


def test_full_queue_refuses_a_call(engine: Engine) -> None:
    first = engine.occupy_device()
    others = [gevent.spawn(engine.run, 1.0, 2.0) for _ in range(2)]
    wait_until(lambda: count_waiting(engine.device.scheduler, ("net", 1)) == 4)
    with pytest.raises(Overloaded):
        engine.run(5)
    engine.net.go.set()
    for call in (first, *others):
        call.join(5)


def test_cancelled_call_never_runs(engine: Engine) -> None:
    first = engine.occupy_device()
    with pytest.raises(DeadlineExceeded):
        engine.run(9, seconds=0.05)
    engine.net.go.set()
    first.join(5)
    assert engine.run(1) == [2]
    assert 9 not in engine.net.run_rows


def test_busy_seconds_are_reported(engine: Engine) -> None:
    assert engine.client.busy_seconds() == 0
    first = engine.occupy_device()
    wait_until(lambda: engine.client.busy_seconds() > 0.02)
    engine.net.go.set()
    first.join(5)


def test_catalog_is_sent(engine: Engine) -> None:
    assert engine.client.refresh() == make_catalog("AVAILABLE")


def test_unknown_model_is_not_found(engine: Engine) -> None:
    with pytest.raises(ModelNotFound):
        engine.run(1, name="unknown")


@pytest.mark.parametrize("catalog", [Catalog(0, {}), make_catalog("LOADING")], ids=["not scanned yet", "loading"])
def test_loading_version_is_unavailable(engine: Engine, catalog: Catalog) -> None:
    """A restarted engine gets calls for versions that the engine before it had loaded."""
    engine.device.close(("net", 1))
    engine.repository.catalog = catalog
    with pytest.raises(Unavailable):
        engine.run(1)


def test_stopping_device_fails_waiting_tasks(engine: Engine) -> None:
    first = engine.occupy_device()
    errors: list[InkpawError] = []

    def run() -> None:
        try:
            engine.run(1, 2)
        except InkpawError as error:
            errors.append(error)

    waiting = gevent.spawn(run)
    wait_until(lambda: count_waiting(engine.device.scheduler, ("net", 1)))
    engine.device.scheduler.close()
    waiting.join(5)
    assert [error.status for error in errors] == [503]
    engine.net.go.set()
    first.join(5)
