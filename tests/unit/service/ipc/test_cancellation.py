"""CallHandler that end without an answer: when their time is up, or when whoever asked has left."""

import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from service.catalog import Version
from service.errors import ClientDisconnected, DeadlineExceeded
from service.ipc import wire
from service.ipc.client import EngineClient
from tests.support.engine import EngineReply, FakeEngine, deadline_in, echo, make_run_reply, stay_silent
from tests.support.waiting import wait_until

NET = Version(1, "AVAILABLE")
ROWS = {"a": np.arange(12, dtype=np.float32).reshape(3, 4)}


def test_call_to_a_silent_engine_ends_at_the_deadline(path: Path) -> None:
    with FakeEngine(path, stay_silent) as engine:
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            EngineClient(path).run("net", NET, ROWS, began + 0.2)
        assert 0.2 <= time.monotonic() - began < 1.0
        assert engine.cancelled.wait(5), "the engine was not told"


def test_call_to_an_engine_that_reads_nothing_ends_at_the_deadline(path: Path) -> None:
    large = {"a": np.zeros(1 << 22, np.uint8)}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        raised: list[BaseException] = []

        def call() -> None:
            try:
                EngineClient(path).run("net", NET, large, deadline_in(0.2))
            except Exception as error:
                raised.append(error)

        thread = threading.Thread(target=call, daemon=True)
        thread.start()
        thread.join(1.5)
        assert [type(error) for error in raised] == [DeadlineExceeded]


def test_late_reply_is_not_given_to_the_next_call(path: Path) -> None:
    release = threading.Event()

    def late(_: wire.Call, arrays: dict[str, NDArray]) -> EngineReply:
        if arrays["a"][0] == 0:
            release.wait(5)
        return make_run_reply(arrays)

    with FakeEngine(path, late):
        client = EngineClient(path)
        with pytest.raises(DeadlineExceeded):
            client.run("net", NET, {"a": np.zeros(1)}, deadline_in(0.05))
        release.set()
        assert client.run("net", NET, {"a": np.ones(1)}, deadline_in())["a"] == [1]


def test_client_that_leaves_ends_its_call(path: Path) -> None:
    here, there = socket.socketpair()
    with here, there, FakeEngine(path, stay_silent) as engine:
        threading.Thread(target=lambda: (wait_until(lambda: engine.calls), there.close())).start()
        began = time.monotonic()
        with pytest.raises(ClientDisconnected):
            EngineClient(path).run("net", NET, ROWS, deadline_in(10), here.fileno())
        assert time.monotonic() - began < 5
        assert engine.cancelled.wait(5), "the engine was not told"


def test_client_that_sends_more_has_not_left(path: Path) -> None:
    here, there = socket.socketpair()
    with here, there, FakeEngine(path, echo):
        there.sendall(b"GET / HTTP/1.1")
        assert "a" in EngineClient(path).run("net", NET, ROWS, deadline_in(), here.fileno())
