"""The engine's side of the socket, with the workers' own client at the other end."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest

from service.catalog import Version
from service.engine import wire
from service.engine.client import EngineClient
from service.engine.server import Connection, Handler, Server
from service.errors import DeadlineExceeded, Unavailable
from tests.support.waiting import until

NET = Version(1, "AVAILABLE")

Start = Callable[[Handler], AbstractContextManager[EngineClient]]


def echo(connection: Connection, call: wire.Call, body: memoryview) -> None:
    assert isinstance(call, wire.RunCall)
    outputs = wire.tensors(call.tensors, body)
    connection.send(wire.frame(wire.RunReply(1, wire.heads(outputs)), list(outputs.values())))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "e.sock"


@pytest.fixture
def start(path: Path) -> Start:
    @contextmanager
    def started(handle: Handler) -> Iterator[EngineClient]:
        server = Server(path, handle)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        yield EngineClient(path)
        server.stop()
        thread.join(5)
        assert not thread.is_alive()

    return started


def soon(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


def test_large_frames_go_both_ways(start: Start) -> None:
    large = {"a": np.random.default_rng(1).integers(0, 256, (40, 512, 512), np.uint8)}
    with start(echo) as client:
        assert (client.run("net", NET, large, soon())["a"] == large["a"]).all()


def test_many_callers_get_each_their_own_answer(start: Start) -> None:
    with start(echo) as client, ThreadPoolExecutor(16) as pool:

        def ask(value: int) -> bool:
            sent = np.full(1 + value * 500, value)
            return bool((client.run("net", NET, {"a": sent}, soon())["a"] == sent).all())

        assert all(pool.map(ask, range(300)))


def test_an_answer_may_come_from_another_thread_in_another_order(start: Start) -> None:
    held: list[Callable[[], None]] = []

    def hold(connection: Connection, call: wire.Call, body: memoryview) -> None:
        held.append(lambda: echo(connection, call, body))

    with start(hold) as client, ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(client.run, "net", NET, {"a": np.full(1 << 18, at)}, soon()) for at in range(4)]
        until(lambda: len(held) == 4)
        for answer in reversed(held):
            answer()
        assert [int(answer.result()["a"][0]) for answer in answers] == [0, 1, 2, 3]


def test_the_engine_hears_of_a_caller_that_left(start: Start) -> None:
    gone = threading.Event()

    def hold(connection: Connection, _: wire.Call, __: memoryview) -> None:
        connection.on_gone = gone.set

    with start(hold) as client:
        with pytest.raises(DeadlineExceeded):
            client.run("net", NET, {"a": np.zeros(1)}, soon(0.05))
        assert gone.wait(5)


def test_an_answer_to_a_caller_that_left_harms_nobody(start: Start) -> None:
    held: list[Callable[[], None]] = []

    def hold_first(connection: Connection, call: wire.Call, body: memoryview) -> None:
        if not held:
            held.append(lambda: echo(connection, call, body))
            connection.on_gone = lambda: held.append(lambda: None)
            return
        echo(connection, call, body)

    with start(hold_first) as client:
        with pytest.raises(DeadlineExceeded):
            client.run("net", NET, {"a": np.zeros(1)}, soon(0.05))
        until(lambda: len(held) == 2)
        held[0]()
        assert client.run("net", NET, {"a": np.ones(1)}, soon())["a"] == [1]


@pytest.mark.parametrize(
    "sent",
    [b"x", b"GET / HTTP/1.1\r\n\r\n", wire.LENGTHS.pack(1, 0) + b"\xc1", wire.LENGTHS.pack(1 << 31, 1 << 31)],
    ids=["too short", "another protocol", "no head", "too large"],
)
def test_nonsense_ends_its_own_connection_and_no_other(start: Start, path: Path, sent: bytes) -> None:
    with start(echo) as client, socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(path))
        stranger.settimeout(5)
        stranger.sendall(sent)
        assert stranger.recv(1) == b""
        assert client.run("net", NET, {"a": np.ones(1)}, soon())["a"] == [1]


def test_a_handler_that_raises_ends_that_call_and_no_other(start: Start) -> None:
    def raising(connection: Connection, call: wire.Call, body: memoryview) -> None:
        if isinstance(call, wire.RunCall) and call.model == "bad":
            raise ZeroDivisionError
        echo(connection, call, body)

    with start(raising) as client:
        with pytest.raises(Unavailable):
            client.run("bad", NET, {"a": np.ones(1)}, soon())
        assert client.run("net", NET, {"a": np.ones(1)}, soon())["a"] == [1]


def test_the_socket_is_for_its_owner_alone(start: Start, path: Path) -> None:
    with start(echo):
        assert os.stat(path).st_mode & 0o077 == 0  # noqa: PTH116
