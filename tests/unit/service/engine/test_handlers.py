"""An engine without TensorFlow: socket, calls, batching and device are as they are, but the model only doubles."""

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
from tests.support.waiting import wait_until

NET = Version(1, "AVAILABLE")


class Doubling:
    """Runs when it is let; `ran` are the rows that it has begun to run."""

    sizes = (1, 2, 4)

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()
        self.ran: list[float] = []

    def check(self, inputs: Mapping[str, NDArray]) -> int:
        if "a" not in inputs:
            raise BadRequest("The inputs must be a.")
        return len(inputs["a"])

    def size_for(self, rows: int) -> int:
        return next(size for size in self.sizes if size >= rows)

    def run(self, inputs: Mapping[str, NDArray]) -> dict[str, NDArray]:
        self.ran += inputs["a"].tolist()
        assert self.go.wait(5)
        return {"b": inputs["a"] * 2}


@dataclass
class Told:
    """What a repository tells: a catalog."""

    catalog: Catalog = field(default_factory=lambda: catalog("AVAILABLE"))


def catalog(state: State) -> Catalog:
    return Catalog(5, {"net": Model("net", {1: Version(1, state)})})


@dataclass
class Engine:
    client: EngineClient
    device: Device
    net: Doubling
    repository: Told

    def run(self, *rows: float, seconds: float = 5.0, name: str = "net", array: str = "a") -> list[float]:
        outputs = self.client.run(name, NET, {array: np.array(rows)}, time.monotonic() + seconds)
        found: list[float] = outputs["b"].tolist()
        return found

    def busy(self) -> gevent.Greenlet:
        """Keep the device busy until the model is let go."""
        self.net.go.clear()
        asking = gevent.spawn(self.run, 0.0)
        wait_until(lambda: self.net.ran)
        return asking


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    net, repository, device = Doubling(), Told(), Device(Scheduler(), max_queue_rows=4)
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


def test_rows_that_do_not_fit_are_refused(engine: Engine) -> None:
    with pytest.raises(BadRequest, match="must be a"):
        engine.run(1, array="other")


def test_full_queue_refuses_a_call(engine: Engine) -> None:
    first = engine.busy()
    others = [gevent.spawn(engine.run, 1.0, 2.0) for _ in range(2)]
    wait_until(lambda: engine.device.scheduler.count_rows(("net", 1)) == 4)
    with pytest.raises(Overloaded):
        engine.run(5)
    engine.net.go.set()
    for asking in (first, *others):
        asking.join(5)


def test_cancelled_call_never_runs(engine: Engine) -> None:
    first = engine.busy()
    with pytest.raises(DeadlineExceeded):
        engine.run(9, seconds=0.05)
    engine.net.go.set()
    first.join(5)
    assert engine.run(1) == [2]
    assert 9 not in engine.net.ran


def test_busy_seconds_are_reported(engine: Engine) -> None:
    assert engine.client.busy_seconds() == 0
    first = engine.busy()
    wait_until(lambda: engine.client.busy_seconds() > 0.02)
    engine.net.go.set()
    first.join(5)


def test_catalog_is_sent(engine: Engine) -> None:
    assert engine.client.refresh() == catalog("AVAILABLE")


def test_unknown_names_are_not_found(engine: Engine) -> None:
    with pytest.raises(ModelNotFound):
        engine.run(1, name="unheard")


@pytest.mark.parametrize("now", [Catalog(0, {}), catalog("LOADING")], ids=["not looked yet", "loading"])
def test_loading_version_is_unavailable(engine: Engine, now: Catalog) -> None:
    """An engine that was started again is asked for what the one before it had."""
    engine.device.close(("net", 1))
    engine.repository.catalog = now
    with pytest.raises(Unavailable):
        engine.run(1)


def test_stopping_device_fails_waiting_tasks(engine: Engine) -> None:
    first = engine.busy()
    raised: list[InkpawError] = []

    def wait() -> None:
        try:
            engine.run(1, 2)
        except InkpawError as error:
            raised.append(error)

    waiting = gevent.spawn(wait)
    wait_until(lambda: engine.device.scheduler.count_rows(("net", 1)))
    engine.device.scheduler.close()
    waiting.join(5)
    assert [error.status for error in raised] == [503]
    engine.net.go.set()
    first.join(5)
