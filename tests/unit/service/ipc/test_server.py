"""The server side of the socket, with the real client at the other end."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import gevent
import numpy as np
import pytest
from gevent.pool import Pool

from service.catalog import Version
from service.errors import DeadlineExceeded, InkpawError
from service.ipc import wire
from service.ipc.client import EngineClient
from service.ipc.connection import Connection, corked
from service.ipc.server import Handler, Server
from tests.support.waiting import wait_until

NET = Version(1, "AVAILABLE")

Start = Callable[[Handler], AbstractContextManager[EngineClient]]


def echo(connection: Connection, number: int, call: wire.Call, body: memoryview) -> None:
    assert isinstance(call, wire.RunCall)
    outputs = wire.read_tensors(call.tensors, body)
    connection.send(wire.make_frame(number, wire.RunReply(1, wire.make_heads(outputs)), list(outputs.values())))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "e.sock"


@pytest.fixture
def start(path: Path) -> Start:
    @contextmanager
    def run_server(handle: Handler) -> Iterator[EngineClient]:
        server = Server(path, handle)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        yield EngineClient(path)
        server.stop()
        thread.join(5)
        assert not thread.is_alive()

    return run_server


def deadline_in(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


def test_large_tensors_are_sent_and_received(start: Start) -> None:
    large = {"a": np.random.default_rng(1).integers(0, 256, (40, 512, 512), np.uint8)}
    with start(echo) as client:
        assert (client.run("net", NET, large, deadline_in())["a"] == large["a"]).all()


def test_concurrent_calls_get_their_own_replies(start: Start) -> None:
    with start(echo) as client:

        def run(value: int) -> bool:
            sent = np.full(1 + value * 500, value)
            return bool((client.run("net", NET, {"a": sent}, deadline_in())["a"] == sent).all())

        assert all(Pool(16).map(run, range(300)))


def test_replies_may_be_sent_later_and_in_another_order(start: Start) -> None:
    held: list[Callable[[], None]] = []

    def hold(connection: Connection, number: int, call: wire.Call, body: memoryview) -> None:
        held.append(lambda: echo(connection, number, call, body))

    with start(hold) as client:
        answers = [
            gevent.spawn(client.run, "net", NET, {"a": np.full(1 << 18, index)}, deadline_in()) for index in range(4)
        ]
        wait_until(lambda: len(held) == 4)
        for reply in reversed(held):
            reply()
        assert [int(answer.get()["a"][0]) for answer in answers] == [0, 1, 2, 3]


def test_cancellation_reaches_the_engine(start: Start) -> None:
    cancelled = threading.Event()

    def hold(connection: Connection, number: int, call: wire.Call, _: memoryview) -> None:
        if isinstance(call, wire.CancelCall):
            connection.cancels[number]()
        else:
            connection.cancels[number] = cancelled.set

    with start(hold) as client:
        with pytest.raises(DeadlineExceeded):
            client.run("net", NET, {"a": np.zeros(1)}, deadline_in(0.05))
        assert cancelled.wait(5)


def test_reply_to_a_cancelled_call_does_not_affect_the_next(start: Start) -> None:
    held: list[Callable[[], None]] = []

    def hold_first(connection: Connection, number: int, call: wire.Call, body: memoryview) -> None:
        if not held or isinstance(call, wire.CancelCall):
            held.append(lambda: echo(connection, number, call, body))
            return
        echo(connection, number, call, body)

    with start(hold_first) as client:
        with pytest.raises(DeadlineExceeded):
            client.run("net", NET, {"a": np.zeros(1)}, deadline_in(0.05))
        wait_until(lambda: len(held) == 2)
        held[0]()
        assert client.run("net", NET, {"a": np.ones(1)}, deadline_in())["a"] == [1]


@pytest.mark.parametrize(
    "sent",
    [b"GET / HTTP/1.1\r\n\r\n", wire.PREFIX.pack(1, 1, 0) + b"\xc1", wire.PREFIX.pack(1, 1 << 31, 1 << 31)],
    ids=["another protocol", "no head", "too large"],
)
def test_unreadable_call_ends_only_its_connection(start: Start, path: Path, sent: bytes) -> None:
    with start(echo) as client, socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        sock.settimeout(5)
        sock.sendall(sent)
        assert sock.recv(1) == b""
        assert client.run("net", NET, {"a": np.ones(1)}, deadline_in())["a"] == [1]


def test_handler_that_raises_ends_only_its_call(start: Start) -> None:
    def raise_for_bad(connection: Connection, number: int, call: wire.Call, body: memoryview) -> None:
        if isinstance(call, wire.RunCall) and call.model == "bad":
            raise ZeroDivisionError
        echo(connection, number, call, body)

    with start(raise_for_bad) as client:
        with pytest.raises(InkpawError, match="failed"):
            client.run("bad", NET, {"a": np.ones(1)}, deadline_in())
        assert client.run("net", NET, {"a": np.ones(1)}, deadline_in())["a"] == [1]


def test_socket_is_readable_only_by_its_owner(start: Start, path: Path) -> None:
    with start(echo):
        assert os.stat(path).st_mode & 0o077 == 0  # noqa: PTH116


def test_calls_of_a_dead_worker_are_cancelled(start: Start, path: Path) -> None:
    cancelled: list[int] = []

    def hold(connection: Connection, number: int, _: wire.Call, __: memoryview) -> None:
        connection.cancels[number] = lambda: cancelled.append(number)

    with start(hold), socket.socket(socket.AF_UNIX) as worker:
        worker.connect(str(path))
        worker.sendall(b"".join(part for number in (7, 8) for part in wire.make_frame(number, wire.StatusCall())))
        worker.close()
        assert wait_until(lambda: len(cancelled) == 2)
        assert cancelled == [7, 8]


def test_corked_replies_are_sent_at_the_end(start: Start) -> None:
    calls: list[tuple[Connection, int, wire.Call, memoryview]] = []
    with start(lambda *call: calls.append(call)) as client:
        answers = [gevent.spawn(client.run, "net", NET, {"a": np.full(2, index)}, deadline_in()) for index in range(3)]
        wait_until(lambda: len(calls) == 3)
        with corked():
            for call in calls:
                echo(*call)
            gevent.sleep(0.05)
            assert not any(answer.ready() for answer in answers)
        assert [answer.get()["a"].tolist() for answer in answers] == [[0, 0], [1, 1], [2, 2]]
