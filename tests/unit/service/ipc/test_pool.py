"""Several engines as one: calls go to the least busy engine, and engines that cannot answer are skipped."""

import threading
from contextlib import ExitStack
from pathlib import Path

import gevent
import numpy as np
import pytest
from numpy.typing import NDArray

from service.catalog import Catalog, Model, Version
from service.errors import DeadlineExceeded, ModelNotFound, Unavailable
from service.ipc import wire
from service.ipc.pool import EnginePool
from tests.support.engine import (
    CloseConnection,
    EngineReply,
    FakeEngine,
    Handler,
    deadline_in,
    echo,
    make_reply,
    make_run_reply,
    stay_silent,
)
from tests.support.waiting import wait_until

NET = Version(1, "AVAILABLE")
ROWS: dict[str, NDArray] = {"a": np.zeros(4)}
NOT_FOUND = make_reply(wire.ErrorReply(1, ModelNotFound.code, "not here"))


def reply_with_catalog(*versions: int) -> Handler:
    numbered = {number: Version(number, "AVAILABLE") for number in versions}
    return lambda *_: make_reply(wire.CatalogReply(Catalog(1, {"net": Model("net", numbered)})))


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return [tmp_path / "0.sock", tmp_path / "1.sock"]


def test_busy_engines_share_the_calls(paths: list[Path]) -> None:
    go = threading.Event()

    def wait_and_echo(_: wire.Call, arrays: dict[str, NDArray]) -> EngineReply:
        go.wait(5)
        return make_run_reply(arrays)

    with ExitStack() as stack:
        engines = [stack.enter_context(FakeEngine(path, wait_and_echo)) for path in paths]
        pool = EnginePool(paths)
        answers = [gevent.spawn(pool.run, "net", NET, ROWS, deadline_in()) for _ in range(6)]
        wait_until(lambda: sum(len(engine.calls) for engine in engines) == 6)
        assert [len(engine.calls) for engine in engines] == [3, 3]
        go.set()
        assert all("a" in answer.get() for answer in answers)


def test_engine_that_is_down_is_skipped(paths: list[Path]) -> None:
    for path in paths:
        with FakeEngine(path, echo) as engine:
            EnginePool(paths).run("net", NET, ROWS, deadline_in())
            assert len(engine.calls) == 1


def test_engine_without_the_version_is_skipped(paths: list[Path]) -> None:
    with FakeEngine(paths[0], lambda *_: NOT_FOUND), FakeEngine(paths[1], echo):
        assert "a" in EnginePool(paths).run("net", NET, ROWS, deadline_in())


def test_version_that_no_engine_has_is_not_found(paths: list[Path]) -> None:
    with (
        FakeEngine(paths[0], lambda *_: NOT_FOUND),
        FakeEngine(paths[1], lambda *_: NOT_FOUND),
        pytest.raises(ModelNotFound),
    ):
        EnginePool(paths).run("net", NET, ROWS, deadline_in())


def test_pool_without_an_answering_engine_is_unavailable(paths: list[Path]) -> None:
    with pytest.raises(Unavailable):
        EnginePool(paths).run("net", NET, ROWS, deadline_in())
    with pytest.raises(Unavailable):
        EnginePool(paths).refresh()


def test_call_that_may_have_run_is_not_sent_again(paths: list[Path]) -> None:
    """An engine may have run a call that it did not answer."""
    with FakeEngine(paths[0], stay_silent), FakeEngine(paths[1], echo) as other:
        with pytest.raises(DeadlineExceeded):
            EnginePool(paths).run("net", NET, ROWS, deadline_in(0.1))
        assert other.calls == []


def test_failed_engine_is_not_counted_as_busy(paths: list[Path]) -> None:
    pool = EnginePool(paths)
    with FakeEngine(paths[1], echo):
        pool.run("net", NET, ROWS, deadline_in())
    with FakeEngine(paths[0], echo) as first:
        pool.run("net", NET, ROWS, deadline_in())
        assert len(first.calls) == 1


def test_catalog_comes_from_an_engine_that_is_ready(paths: list[Path]) -> None:
    with FakeEngine(paths[0], reply_with_catalog()), FakeEngine(paths[1], reply_with_catalog(7)):
        assert EnginePool(paths).catalog().resolve("net").number == 7
    with FakeEngine(paths[1], reply_with_catalog(7)):
        assert EnginePool(paths).refresh().resolve("net").number == 7


def test_hanging_engine_does_not_hide_the_catalog_of_another(paths: list[Path]) -> None:
    with FakeEngine(paths[0], stay_silent), FakeEngine(paths[1], reply_with_catalog(7)):
        assert EnginePool(paths).refresh().resolve("net").number == 7


def test_engine_that_died_during_a_call_is_avoided_for_a_while(paths: list[Path]) -> None:
    def die(*_: object) -> EngineReply:
        raise CloseConnection

    with FakeEngine(paths[0], die) as dying, FakeEngine(paths[1], echo):
        pool = EnginePool(paths)
        with pytest.raises(Unavailable):
            pool.run("net", NET, ROWS, deadline_in())
        for _ in range(3):
            pool.run("net", NET, ROWS, deadline_in())
        assert len(dying.calls) == 1
