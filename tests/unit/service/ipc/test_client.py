"""The client side of the socket, with an engine that replies, fails, dies or is missing."""

from pathlib import Path

import gevent
import numpy as np
import pytest
from gevent.pool import Pool
from numpy.typing import NDArray

from service.catalog import Catalog, Model, Version
from service.errors import DeadlineExceeded, InkpawError, ModelNotFound, Overloaded, Unavailable
from service.ipc import wire
from service.ipc.client import EngineClient
from tests.support.engine import (
    CloseConnection,
    EngineReply,
    FakeEngine,
    Handler,
    deadline_in,
    echo,
    make_reply,
    make_run_reply,
)

NET = Version(1, "AVAILABLE")
ROWS = {"a": np.arange(12, dtype=np.float32).reshape(3, 4)}


def test_run_returns_the_outputs(path: Path) -> None:
    with FakeEngine(path, echo) as engine:
        outputs = EngineClient(path).run("net", NET, ROWS, deadline_in())
    assert (outputs["a"] == ROWS["a"]).all()
    (call,) = engine.calls
    assert isinstance(call, wire.RunCall) and (call.model, call.version) == ("net", 1)


def test_large_tensors_are_sent_and_received(path: Path) -> None:
    large = {"a": np.random.default_rng(1).integers(0, 256, (40, 512, 512), np.uint8), "b": np.arange(5)}
    with FakeEngine(path, echo):
        outputs = EngineClient(path).run("net", NET, large, deadline_in(20))
    assert all((outputs[name] == large[name]).all() for name in large)


def test_concurrent_calls_on_one_connection_get_their_own_replies(path: Path) -> None:
    with FakeEngine(path, echo) as engine:
        client = EngineClient(path)

        def run(value: int) -> bool:
            return bool(
                (client.run("net", NET, {"a": np.full(9 + 300 * value, value)}, deadline_in())["a"] == value).all()
            )

        assert all(Pool(8).map(run, range(200)))
        assert engine.connection_count == 1


@pytest.mark.parametrize("kind", [Overloaded, ModelNotFound, DeadlineExceeded])
def test_error_reply_is_raised_as_its_exception(path: Path, kind: type[InkpawError]) -> None:
    reply = make_reply(wire.ErrorReply(1, kind.code, "why"))
    with FakeEngine(path, lambda *_: reply), pytest.raises(kind, match="why"):
        EngineClient(path).run("net", NET, ROWS, deadline_in())


def test_call_without_an_engine_is_unavailable(path: Path) -> None:
    with pytest.raises(Unavailable):
        EngineClient(path).run("net", NET, ROWS, deadline_in())


def test_engine_that_dies_during_a_call_is_unavailable(path: Path) -> None:
    def die(*_: object) -> EngineReply:
        raise CloseConnection

    with FakeEngine(path, die), pytest.raises(Unavailable):
        EngineClient(path).run("net", NET, ROWS, deadline_in())


def test_engine_that_dies_within_its_reply_is_unavailable(path: Path) -> None:
    def die_within_reply(*_: object) -> EngineReply:
        raise CloseConnection(make_run_reply({"a": np.zeros(1 << 20)}))

    with FakeEngine(path, die_within_reply), pytest.raises(Unavailable):
        EngineClient(path).run("net", NET, ROWS, deadline_in())


def test_next_engine_is_used_after_one_died(path: Path) -> None:
    client = EngineClient(path)
    with FakeEngine(path, echo):
        client.run("net", NET, ROWS, deadline_in())
    with pytest.raises(Unavailable):
        client.run("net", NET, ROWS, deadline_in())
    with FakeEngine(path, echo):
        client.run("net", NET, ROWS, deadline_in())


def test_a_connection_that_the_engine_closed_while_idle_is_replaced(path: Path) -> None:
    with FakeEngine(path, echo) as engine:
        client = EngineClient(path)
        client.run("net", NET, ROWS, deadline_in())
        engine.close_connections()
        gevent.idle()  # an idle worker notices the closed connection at once
        client.run("net", NET, ROWS, deadline_in())
        assert engine.connection_count == 2


def test_consecutive_calls_share_a_connection(path: Path) -> None:
    with FakeEngine(path, echo) as engine:
        client = EngineClient(path)
        for _ in range(5):
            client.run("net", NET, ROWS, deadline_in())
        assert engine.connection_count == 1


def _reply_with_generations(generations: list[int]) -> Handler:
    """Gives every catalog and every run the last generation of the list."""

    def handle(call: wire.Call, arrays: dict[str, NDArray]) -> EngineReply:
        if isinstance(call, wire.CatalogCall):
            model = Model("net", {generations[-1]: Version(generations[-1], "AVAILABLE")})
            return make_reply(wire.CatalogReply(Catalog(generations[-1], {"net": model})))
        return make_run_reply(arrays, generations[-1])

    return handle


def test_catalog_is_cached_until_a_reply_has_a_newer_generation(path: Path) -> None:
    generations = [1]
    with FakeEngine(path, _reply_with_generations(generations)) as engine:
        client = EngineClient(path)
        for _ in range(3):
            assert client.catalog().resolve("net").number == 1
        assert len(engine.calls) == 1
        generations.append(2)
        assert client.catalog().resolve("net").number == 1
        client.run("net", NET, ROWS, deadline_in())
        assert client.catalog().resolve("net").number == 2


def test_refresh_always_asks_the_engine(path: Path) -> None:
    generations = [1]
    with FakeEngine(path, _reply_with_generations(generations)):
        client = EngineClient(path)
        client.catalog()
        generations.append(2)
        assert client.refresh().resolve("net").number == 2


def test_busy_seconds_come_from_the_engine(path: Path) -> None:
    with FakeEngine(path, lambda *_: make_reply(wire.StatusReply(12.5))):
        assert EngineClient(path).busy_seconds() == 12.5


def test_times_come_with_the_answer_only_where_asked_for(path: Path) -> None:
    def handle(call: wire.Call, arrays: dict[str, NDArray]) -> EngineReply:
        assert isinstance(call, wire.RunCall)
        return wire.RunReply(1, wire.make_heads(arrays), (1.0, 2.0, 4.0) if call.timed else None), list(arrays.values())

    times: list[tuple[float, ...]] = []
    with FakeEngine(path, handle) as engine:
        client = EngineClient(path)
        client.run("net", NET, ROWS, deadline_in())
        client.run("net", NET, ROWS, deadline_in(), on_times=lambda *given: times.append(given))
    assert times == [(1.0, 2.0, 4.0)]
    assert [call.timed for call in engine.calls if isinstance(call, wire.RunCall)] == [False, True]
