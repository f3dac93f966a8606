"""A worker with few places: who gets one, who is turned away, and who needs none."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import requests

from tests.integration.conftest import Built, copied, running
from tests.support.pictures import digit, told
from tests.support.server import Service
from tests.support.waiting import until

PLACES = 3
REQUEST_SECONDS = 3


class Narrow(Service):
    def connected(self) -> socket.socket:
        host, port = self.url.removeprefix("http://").split(":")
        return socket.create_connection((host, int(port)), timeout=10)

    def taken(self, stack: ExitStack) -> None:
        """Requests that keep every place until the end of the `with`, or for two seconds."""
        data = told(200)

        def full() -> bool:
            sock = stack.enter_context(self.connected())
            sock.sendall(b"POST /predict/slow HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(data), data))
            return self.post("/predict/tiny", b"").status_code == 503

        until(full, 20, "every place is taken")

    def begun(self, stack: ExitStack) -> socket.socket:
        """A request whose body does not end."""
        sock = stack.enter_context(self.connected())
        sock.sendall(b"POST /predict/tiny HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nbegin")
        return sock


@pytest.fixture(scope="module")
def narrow(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Narrow]:
    folder = copied(built, tmp_path_factory.mktemp("models"), "tiny", "slow", "blot")
    with running(folder, Narrow, workers=1, max_in_flight=PLACES, request_seconds=REQUEST_SECONDS) as service:
        yield service


@pytest.fixture(autouse=True)
def free(narrow: Narrow) -> None:
    until(lambda: narrow.post("/predict/tiny", digit()).status_code == 200)


def test_request_over_the_limit_gets_503_at_once_and_may_retry(narrow: Narrow) -> None:
    with requests.Session() as session:
        with ExitStack() as stack:
            narrow.taken(stack)
            began = time.monotonic()
            answer = session.post(f"{narrow.url}/predict/tiny", digit(), timeout=5)
            assert time.monotonic() - began < 0.5
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
            assert answer.headers["Retry-After"] == "1"
        until(lambda: session.post(f"{narrow.url}/predict/tiny", digit(), timeout=5).status_code == 200)
    assert narrow.metric("inkpaw_rejected_total", reason="busy") >= 1


def test_probes_bypass_admission(narrow: Narrow) -> None:
    with ExitStack() as stack:
        narrow.taken(stack)
        for path in ("/livez", "/readyz", "/metrics"):
            assert narrow.get(path).status_code == 200


def test_refused_body_is_not_read(narrow: Narrow) -> None:
    with ExitStack() as stack:
        narrow.taken(stack)
        sock = stack.enter_context(narrow.connected())
        sock.sendall(b"POST /predict/tiny HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nbegin")
        assert sock.recv(4096).startswith(b"HTTP/1.1 503 ")


def test_silent_connections_take_no_place(narrow: Narrow) -> None:
    with ExitStack() as stack:
        for _ in range(4 * PLACES):
            stack.enter_context(narrow.connected())
        assert [narrow.post("/predict/tiny", digit()).status_code for _ in range(5)] == [200] * 5


def test_idle_kept_connections_take_no_place(narrow: Narrow) -> None:
    with ExitStack() as stack:
        for _ in range(4 * PLACES):
            session = stack.enter_context(requests.Session())
            until(lambda session=session: session.get(f"{narrow.url}/livez", timeout=5).status_code == 200)  # type: ignore[misc]
        until(lambda: narrow.post("/predict/tiny", told(1)).status_code == 200, 2)


def test_slow_uploads_take_no_place_and_end_at_their_deadline(narrow: Narrow) -> None:
    with ExitStack() as stack:
        socks = [narrow.begun(stack) for _ in range(10 * PLACES)]
        assert [narrow.post("/predict/tiny", digit()).status_code for _ in range(10)] == [200] * 10
        assert all(sock.recv(4096).startswith(b"HTTP/1.1 408 ") for sock in socks)


def test_body_a_byte_at_a_time_ends_at_the_deadline_by_both_doors(narrow: Narrow) -> None:
    for path in ("/predict/tiny", "/generate/blot"):
        with ExitStack() as stack:
            sock = stack.enter_context(narrow.connected())
            sock.settimeout(0.2)
            sock.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n".encode())
            began = time.monotonic()
            answer = b""
            while not answer and time.monotonic() - began < 10:
                with suppress(TimeoutError):
                    sock.sendall(b" ")
                    answer = sock.recv(4096)
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert time.monotonic() - began < REQUEST_SECONDS + 2


def test_idle_connections_make_room_for_new_ones(built: Built, tmp_path: Path) -> None:
    folder = copied(built, tmp_path, "tiny")
    with running(folder, Narrow, workers=1, max_connections=16) as service, ExitStack() as stack:
        silent = [stack.enter_context(service.connected()) for _ in range(20)]
        for sock in silent[::2]:
            sock.sendall(b"POST /predict/tiny HTTP/1.1\r\n")  # half of a head
        for _ in range(20):
            assert service.get("/livez", timeout=5).status_code == 200
            silent.append(stack.enter_context(service.connected()))


def test_clients_that_do_not_close_delay_no_other(narrow: Narrow) -> None:
    data = b"POST /predict/tiny HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"
    with ExitStack() as stack:
        for _ in range(2):
            sock = stack.enter_context(narrow.connected())
            sock.sendall(data)
            assert sock.recv(4096).startswith(b"HTTP/1.1 400 ")
        began = time.monotonic()
        for _ in range(4):
            until(lambda: narrow.post("/predict/tiny", digit()).status_code == 200)
        assert time.monotonic() - began < 1.5
