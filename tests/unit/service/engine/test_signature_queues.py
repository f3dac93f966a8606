"""Signatures of one version: each has its own queue, so that no batch mixes them."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import gevent
import numpy as np
import pytest
from numpy.typing import NDArray

from service.catalog import Catalog, Model, Signature, Version
from service.engine.device import Device
from service.engine.handlers import CallHandler
from service.engine.scheduler import Scheduler
from service.errors import BadRequest, Unavailable
from service.ipc import wire
from service.ipc.client import EngineClient
from service.ipc.server import Server
from tests.support.waiting import call_with_timeout, wait_until

KEY = ("net", 1)
VERSION = Version(1, "AVAILABLE", "", None, {"serving_default": Signature(), "double": Signature()})


@dataclass
class Multiplying:
    """Multiplies its rows. Waits for `go` before a run; `runs` holds the rows of each run."""

    factor: float
    go: threading.Event
    sizes: tuple[int, ...] = (1, 2, 4, 8)
    runs: list[list[float]] = field(default_factory=list)

    def check(self, inputs: Mapping[str, NDArray]) -> int:
        return len(inputs["x"]) if self.sizes[1:] else 1

    def size_for(self, rows: int) -> int:
        return rows

    def run(self, inputs: Mapping[str, NDArray]) -> dict[str, NDArray]:
        self.runs.append(np.ravel(inputs["x"]).tolist())
        assert self.go.wait(5)
        return {"y": inputs["x"] * self.factor}


@dataclass
class Servable:
    signatures: dict[str, Multiplying]
    default_signature: str = "serving_default"


@dataclass
class Repository:
    catalog: Catalog


@dataclass
class Engine:
    client: EngineClient
    device: Device
    servable: Servable
    go: threading.Event

    def run(self, x: NDArray | list[float], signature: str = "") -> object:
        deadline = time.monotonic() + 5
        return self.client.run("net", VERSION, {"x": np.array(x)}, deadline, signature=signature)["y"].tolist()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    go, device = threading.Event(), Device(Scheduler(), max_queue_rows=100)
    go.set()
    signatures = {
        "serving_default": Multiplying(1, go),
        "double": Multiplying(2, go),
        "whole": Multiplying(3, go, (1,)),
    }
    servable = Servable(signatures)
    device.open_version(KEY, servable)  # type: ignore[arg-type]
    device.start()
    repository = Repository(Catalog(1, {"net": Model("net", {1: VERSION})}))
    server = Server(tmp_path / "e.sock", CallHandler(repository, device).handle)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield Engine(EngineClient(tmp_path / "e.sock"), device, servable, go)
    go.set()
    server.stop()
    thread.join(5)
    device.stop()


def test_batch_never_mixes_signatures(engine: Engine) -> None:
    engine.go.clear()
    first = gevent.spawn(engine.run, [0.0])
    wait_until(lambda: engine.servable.signatures["serving_default"].runs)
    names = ["", "double", "serving_default", "double", "", "double"]
    requests = [gevent.spawn(engine.run, [float(index)], name) for index, name in enumerate(names, 1)]
    wait_until(lambda: sum(rows for rows, _ in engine.device.scheduler.measure_queues().values()) == len(names))
    engine.go.set()
    gevent.joinall([first, *requests], timeout=5)
    assert [request.value for request in requests] == [[1], [4], [3], [8], [5], [12]]
    assert engine.servable.signatures["serving_default"].runs == [[0], [1, 3, 5]], (
        "a name of the default shares its queue"
    )
    assert engine.servable.signatures["double"].runs == [[2, 4, 6]]


@pytest.mark.parametrize("x", [7.0, [[1.0, 2.0, 3.0]], [1.0, 2.0], [[]]], ids=str)
def test_request_without_rows_is_one_run_of_its_own(engine: Engine, x: object) -> None:
    assert engine.run(np.array(x), "whole") == (np.array(x) * 3).tolist()
    assert engine.servable.signatures["whole"].runs == [np.ravel(x).tolist()]


def test_unknown_signature_is_refused_with_a_list(engine: Engine) -> None:
    with pytest.raises(BadRequest, match=r"no signature 'treble'.* double, serving_default"):
        engine.run([1.0], "treble")


def test_closing_a_version_closes_every_signature(engine: Engine) -> None:
    engine.device.open(("net", 2), Multiplying(5, engine.go))  # type: ignore[arg-type]
    call_with_timeout(lambda: engine.device.close_version(KEY) or True)
    for name in ("", "double"):
        with pytest.raises(Unavailable):
            engine.run([1.0], name)
    assert engine.device.get(("net", 2)) is not None


def test_answer_over_the_limit_is_an_error_and_not_a_broken_connection(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MAX_FRAME", 2000)
    engine.servable.signatures["double"].factor = np.ones(500)  # type: ignore[assignment]
    with pytest.raises(Exception, match="answer cannot be sent"):
        engine.run([1.0], "double")
    assert engine.run([1.0]) == [1]
