"""Calls that end without a reply: at their deadline, or when the client disconnects."""

import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from service.catalog import Version
from service.client_socket import ClientSocket
from service.errors import ClientDisconnected, DeadlineExceeded
from service.ipc import wire
from service.ipc.client import EngineClient
from tests.support.engine import EngineReply, FakeEngine, deadline_in, echo, make_run_reply, stay_silent
from tests.support.tcp import connect_pair
from tests.support.waiting import wait_until

NET = Version(1, "AVAILABLE")
ROWS = {"a": np.arange(12, dtype=np.float32).reshape(3, 4)}


def test_call_to_a_silent_engine_ends_at_the_deadline(path: Path) -> None:
    with FakeEngine(path, stay_silent) as engine:
        started_at = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            EngineClient(path).run("net", NET, ROWS, started_at + 0.2)
        assert 0.2 <= time.monotonic() - started_at < 1.0
        assert engine.cancelled.wait(5), "the engine did not get the cancellation"


def test_call_to_an_engine_that_reads_nothing_ends_at_the_deadline(path: Path) -> None:
    large = {"a": np.zeros(1 << 22, np.uint8)}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        errors: list[BaseException] = []

        def call() -> None:
            try:
                EngineClient(path).run("net", NET, large, deadline_in(0.2))
            except Exception as error:
                errors.append(error)

        thread = threading.Thread(target=call, daemon=True)
        thread.start()
        thread.join(1.5)
        assert [type(error) for error in errors] == [DeadlineExceeded]


def test_late_reply_is_not_returned_to_the_next_call(path: Path) -> None:
    release = threading.Event()

    def reply_late(_: wire.Call, arrays: dict[str, NDArray]) -> EngineReply:
        if arrays["a"][0] == 0:
            release.wait(5)
        return make_run_reply(arrays)

    with FakeEngine(path, reply_late):
        client = EngineClient(path)
        with pytest.raises(DeadlineExceeded):
            client.run("net", NET, {"a": np.zeros(1)}, deadline_in(0.05))
        release.set()
        assert client.run("net", NET, {"a": np.ones(1)}, deadline_in())["a"] == [1]


def test_disconnect_of_the_client_ends_its_call(path: Path) -> None:
    ours, client = connect_pair()
    with ours, client, FakeEngine(path, stay_silent) as engine:
        threading.Thread(target=lambda: (wait_until(lambda: engine.calls), client.close())).start()
        started_at = time.monotonic()
        with pytest.raises(ClientDisconnected):
            EngineClient(path).run("net", NET, ROWS, deadline_in(10), ClientSocket(ours.fileno()))
        assert time.monotonic() - started_at < 5
        assert engine.cancelled.wait(5), "the engine did not get the cancellation"


def test_client_that_sends_more_bytes_is_still_connected(path: Path) -> None:
    ours, client = connect_pair()
    with ours, client, FakeEngine(path, echo):
        client.sendall(b"GET / HTTP/1.1")
        assert "a" in EngineClient(path).run("net", NET, ROWS, deadline_in(), ClientSocket(ours.fileno()))
