"""An engine that has stopped moving: its calls fail at once, and what they hold is given back."""

import gc
import os
import resource
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gevent
import numpy as np
import pytest

from service import heartbeat
from service.catalog import Catalog, Model, Version
from service.client_socket import ClientSocket
from service.errors import ClientDisconnected, DeadlineExceeded, EngineDown, InkpawError, Unavailable
from service.heartbeat import Heartbeat
from service.ipc import wire
from service.ipc.client import EngineClient
from service.ipc.frames import FrameReader
from service.ipc.pool import EnginePool
from tests.support.engine import CloseConnection, FakeEngine, deadline_in, echo, make_reply, make_run_reply, stay_silent
from tests.support.tcp import connect_pair
from tests.support.waiting import wait_until

NET = Version(1, "AVAILABLE")
Rows = dict[str, np.ndarray]
ROWS: Rows = {"a": np.zeros(4)}
CATALOG = Catalog(5, {"net": Model("net", {1: NET})})


@pytest.fixture
def engine(path: Path) -> Heartbeat:
    """The heartbeat of the engine at `path`."""
    heartbeat.reset(heartbeat.get_path(path))
    return Heartbeat(heartbeat.get_path(path))


def stop(engine: Heartbeat, seconds: float = 3.0) -> None:
    """Let the engine have stopped so long ago."""
    engine._last_beat = time.monotonic() - seconds
    with engine._lock:
        engine._write()


def run(
    client: EngineClient, seconds: float = 10.0, rows: Rows = ROWS, client_socket: socket.socket | None = None
) -> type[Exception] | None:
    """The error that a call ends with."""
    try:
        client.run(
            "net", NET, rows, deadline_in(seconds), ClientSocket(client_socket.fileno()) if client_socket else None
        )
    except Exception as error:
        return type(error)
    return None


def refresh(client: EngineClient) -> type[Exception] | None:
    try:
        client.refresh()
    except Exception as error:
        return type(error)
    return None


def test_calls_that_wait_for_a_stopped_engine_fail_at_once(path: Path, engine: Heartbeat) -> None:
    engine.beat(0.0)
    with FakeEngine(path, stay_silent):
        client = EngineClient(path)
        calls = [gevent.spawn(run, client) for _ in range(5)]
        gevent.sleep(0.1)
        assert not any(call.ready() for call in calls)
        stop(engine)
        began = time.monotonic()
        gevent.joinall(calls, timeout=5)
        assert time.monotonic() - began < 1.0
        assert [call.value for call in calls] == [Unavailable] * 5, "they may have run: no other engine may get them"


def test_new_call_to_a_stopped_engine_is_refused_until_it_moves(path: Path, engine: Heartbeat) -> None:
    stop(engine)
    with FakeEngine(path, echo) as fake:
        client = EngineClient(path)
        began = time.monotonic()
        assert [run(client) for _ in range(100)] == [EngineDown] * 100
        assert time.monotonic() - began < 1.0
        assert fake.connection_count == 0
        engine.beat(0.0)
        assert run(client) is None


def test_long_batch_and_load_are_waited_for(path: Path, engine: Heartbeat) -> None:
    with FakeEngine(path, stay_silent):
        client = EngineClient(path)
        engine.beat(time.monotonic() - 20)
        assert run(client, 0.5) is DeadlineExceeded
        with engine.loading():
            stop(engine)
            assert run(client, 0.5) is DeadlineExceeded


def test_stopped_engine_is_passed_over_for_another(path: Path, engine: Heartbeat, tmp_path: Path) -> None:
    stop(engine)
    with FakeEngine(path, stay_silent), FakeEngine(tmp_path / "other.sock", echo):
        pool = EnginePool([path, tmp_path / "other.sock"])
        assert "a" in pool.run("net", NET, ROWS, deadline_in())


def test_refreshes_at_the_same_time_share_one_call_and_its_failure(path: Path) -> None:
    with FakeEngine(path, stay_silent) as fake:
        client = EngineClient(path)
        began = time.monotonic()
        waiting = [gevent.spawn(refresh, client) for _ in range(60)]
        gevent.joinall(waiting, timeout=10)
        assert time.monotonic() - began < 4
        assert {each.value for each in waiting} == {DeadlineExceeded}
        assert len(fake.calls) == 1


def test_catalog_that_was_asked_for_too_early_is_asked_for_again(path: Path) -> None:
    """A reply names a newer generation while the refresh is under way that another has begun."""
    release = threading.Event()

    def answer(call: wire.Call, _: object) -> tuple[wire.Reply, list]:  # type: ignore[type-arg]
        if isinstance(call, wire.RunCall):
            return make_run_reply({"a": np.zeros(1)}, generation=9)
        first = sum(isinstance(call, wire.CatalogCall) for call in fake.calls) == 1
        if first:
            release.wait(5)
        return make_reply(wire.CatalogReply(Catalog(5 if first else 9, {})))

    with FakeEngine(path, answer) as fake:
        client = EngineClient(path)
        early = gevent.spawn(client.refresh)
        wait_until(lambda: fake.calls)
        client.run("net", NET, ROWS, deadline_in())
        late = gevent.spawn(client.refresh)
        gevent.sleep(0.05)
        release.set()
        assert late.get(timeout=5).generation == 9
        early.get(timeout=5)


def test_probe_has_the_last_catalog_when_the_engine_is_slow(path: Path) -> None:
    slow = threading.Event()

    def answer(*_: object) -> tuple[wire.Reply, list]:  # type: ignore[type-arg]
        if slow.is_set():
            time.sleep(1.0)
        return make_reply(wire.CatalogReply(CATALOG))

    with FakeEngine(path, answer):
        pool = EnginePool([path])
        assert pool.probe(0.3) == CATALOG
        slow.set()
        began = time.monotonic()
        assert pool.probe(0.3) == CATALOG
        assert time.monotonic() - began < 0.5


def test_probe_of_engines_that_hang_takes_its_time_only_once(path: Path, tmp_path: Path) -> None:
    with FakeEngine(path, stay_silent), FakeEngine(tmp_path / "other.sock", stay_silent):
        pool = EnginePool([path, tmp_path / "other.sock"])
        began = time.monotonic()
        with pytest.raises(Unavailable):
            pool.probe(0.3)
        assert time.monotonic() - began < 0.5


def test_probe_of_a_stopped_engine_says_so_at_once(path: Path, engine: Heartbeat) -> None:
    with FakeEngine(path, lambda *_: make_reply(wire.CatalogReply(CATALOG))) as fake:
        pool = EnginePool([path])
        pool.probe(5.0)
        fake.close_connections()
        stop(engine)
        wait_until(lambda: _fails(pool), 2)
        began = time.monotonic()
        with pytest.raises(EngineDown):
            pool.probe(5.0)
        assert time.monotonic() - began < 0.2


def _fails(pool: EnginePool) -> bool:
    try:
        pool.probe(5.0)
    except InkpawError:
        return True
    return False


def test_calls_that_were_given_up_keep_no_tensors(path: Path) -> None:
    """The engine reads nothing, so the first call's frame is stuck half-way; no other's has begun."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        client, references = EngineClient(path), list[weakref.ref[np.ndarray]]()

        def call() -> None:
            images = np.zeros(1 << 22, np.uint8)
            references.append(weakref.ref(images))
            assert run(client, 0.2, {"a": images}) is DeadlineExceeded

        gevent.joinall([gevent.spawn(call) for _ in range(20)], timeout=10, raise_error=True)
        gc.collect()
        assert sum(reference() is not None for reference in references) <= 1


def test_engine_reads_the_calls_after_one_that_was_taken_back(path: Path) -> None:
    """The stream stays whole: a frame that has begun to leave is sent to its end."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        client = EngineClient(path)
        lost = [gevent.spawn(run, client, 0.2, {"a": np.zeros(1 << 22, np.uint8)}) for _ in range(3)]
        gevent.joinall(lost, timeout=10)
        assert [call.value for call in lost] == [DeadlineExceeded] * 3
        last = gevent.spawn(run, client)
        gevent.sleep(0.05)
        accepted, _ = listener.accept()
        with accepted:
            calls = read_calls(accepted, 3)
            assert [type(call) for call in calls] == [wire.RunCall, wire.CancelCall, wire.RunCall]
            assert isinstance(calls[2], wire.RunCall) and calls[2].tensors[0].shape == (4,)
        assert last.get(timeout=5) is Unavailable


def read_calls(sock: socket.socket, count: int) -> list[wire.Call]:
    reader, calls = FrameReader(), list[wire.Call]()
    sock.setblocking(False)
    while len(calls) < count:
        try:
            calls += [wire.decode_call(frame.head) for frame in reader.feed(sock.recv(1 << 20))]
        except BlockingIOError:
            gevent.sleep(0.01)  # the client's greenlets go on
    return calls


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Nothing can be opened meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = [int(name) for name in os.listdir("/proc/self/fd")]  # noqa: PTH208
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(used) + 2, hard))
    taken = []
    try:
        while True:
            try:
                taken.append(os.open("/dev/null", os.O_RDONLY))
            except OSError:
                break
        yield
    finally:
        for number in taken:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_deadlines_and_departures_are_kept_without_a_descriptor_left(path: Path) -> None:
    here, there, gone, other = *connect_pair(), *connect_pair()
    with here, there, gone, FakeEngine(path, stay_silent):
        client = EngineClient(path)
        calls = [gevent.spawn(run, client, 0.3)]
        gevent.sleep(0.1)
        with no_descriptor_left():
            calls += [gevent.spawn(run, client, 0.3, ROWS, here), gevent.spawn(run, client, 3.0, ROWS, gone)]
            other.close()
            gevent.joinall(calls, timeout=2)
        assert [call.value for call in calls] == [DeadlineExceeded, DeadlineExceeded, ClientDisconnected]


def test_engine_that_closes_during_a_long_send_leaves_no_greenlet(path: Path) -> None:
    def greenlets() -> int:
        gc.collect()
        return sum(isinstance(each, gevent.Greenlet) and not each.dead for each in gc.get_objects())

    def die(*_: object) -> tuple[wire.Reply, list]:  # type: ignore[type-arg]
        raise CloseConnection

    before = greenlets()
    with FakeEngine(path, die):
        for _ in range(5):
            assert run(EngineClient(path)) is Unavailable
    wait_until(lambda: greenlets() <= before, 2, "the channel's greenlets have ended")
