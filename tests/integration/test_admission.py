"""Admission by a worker with few slots for requests in flight."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import requests

from tests.integration.conftest import BuildModel, copy_models, run_service
from tests.support.pictures import make_digit_png, make_png
from tests.support.server import Service
from tests.support.waiting import wait_until

SLOTS = 3
REQUEST_SECONDS = 3


class NarrowService(Service):
    """A service with one worker and few slots."""

    def connect(self) -> socket.socket:
        host, port = self.url.removeprefix("http://").split(":")
        return socket.create_connection((host, int(port)), timeout=10)

    def fill_slots(self, stack: ExitStack) -> None:
        """Fill every slot with requests that run for two seconds."""
        data = make_png(200)

        def send_and_check() -> bool:
            sock = stack.enter_context(self.connect())
            sock.sendall(b"POST /predict/slow HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(data), data))
            return self.post("/predict/tiny", b"").status_code == 503

        wait_until(send_and_check, 20, "every slot is taken")

    def send_incomplete(self, stack: ExitStack) -> socket.socket:
        """Send a request whose body does not end."""
        sock = stack.enter_context(self.connect())
        sock.sendall(b"POST /predict/tiny HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nbegin")
        return sock


@pytest.fixture(scope="module")
def narrow(build_model: BuildModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NarrowService]:
    folder = copy_models(build_model, tmp_path_factory.mktemp("models"), "tiny", "slow", "blot")
    with run_service(folder, NarrowService, workers=1, max_in_flight=SLOTS, request_seconds=REQUEST_SECONDS) as service:
        yield service


@pytest.fixture(autouse=True)
def wait_for_free_slot(narrow: NarrowService) -> None:
    wait_until(lambda: narrow.post("/predict/tiny", make_digit_png()).status_code == 200)


def test_request_over_the_limit_gets_503_at_once_and_may_retry(narrow: NarrowService) -> None:
    with requests.Session() as session:
        with ExitStack() as stack:
            narrow.fill_slots(stack)
            started_at = time.monotonic()
            answer = session.post(f"{narrow.url}/predict/tiny", make_digit_png(), timeout=5)
            assert time.monotonic() - started_at < 0.5
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
            assert answer.headers["Retry-After"] == "1"
        wait_until(lambda: session.post(f"{narrow.url}/predict/tiny", make_digit_png(), timeout=5).status_code == 200)
    assert narrow.sum_metric("inkpaw_rejected_total", reason="busy", model="tiny") >= 1


def test_probes_bypass_admission(narrow: NarrowService) -> None:
    with ExitStack() as stack:
        narrow.fill_slots(stack)
        for path in ("/livez", "/readyz", "/metrics"):
            assert narrow.get(path).status_code == 200


def test_refused_body_is_not_read(narrow: NarrowService) -> None:
    with ExitStack() as stack:
        narrow.fill_slots(stack)
        sock = stack.enter_context(narrow.connect())
        sock.sendall(b"POST /predict/tiny HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nbegin")
        assert sock.recv(4096).startswith(b"HTTP/1.1 503 ")


def test_connections_without_a_request_take_no_slot(narrow: NarrowService) -> None:
    with ExitStack() as stack:
        for _ in range(4 * SLOTS):
            stack.enter_context(narrow.connect())
        assert [narrow.post("/predict/tiny", make_digit_png()).status_code for _ in range(5)] == [200] * 5


def test_idle_keep_alive_connections_take_no_slot(narrow: NarrowService) -> None:
    with ExitStack() as stack:
        for _ in range(4 * SLOTS):
            session = stack.enter_context(requests.Session())
            wait_until(lambda session=session: session.get(f"{narrow.url}/livez", timeout=5).status_code == 200)  # type: ignore[misc]
        wait_until(lambda: narrow.post("/predict/tiny", make_png(1)).status_code == 200, 2)


def test_slow_uploads_take_no_slot_and_end_at_their_deadline(narrow: NarrowService) -> None:
    with ExitStack() as stack:
        socks = [narrow.send_incomplete(stack) for _ in range(10 * SLOTS)]
        assert [narrow.post("/predict/tiny", make_digit_png()).status_code for _ in range(10)] == [200] * 10
        assert all(sock.recv(4096).startswith(b"HTTP/1.1 408 ") for sock in socks)


def test_body_sent_byte_by_byte_times_out_on_the_fast_path_and_in_flask(narrow: NarrowService) -> None:
    for path in ("/predict/tiny", "/generate/blot"):
        with ExitStack() as stack:
            sock = stack.enter_context(narrow.connect())
            sock.settimeout(0.2)
            sock.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n".encode())
            started_at = time.monotonic()
            answer = b""
            while not answer and time.monotonic() - started_at < 10:
                with suppress(TimeoutError):
                    sock.sendall(b" ")
                    answer = sock.recv(4096)
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert time.monotonic() - started_at < REQUEST_SECONDS + 2


def test_idle_connections_are_closed_for_new_ones(build_model: BuildModel, tmp_path: Path) -> None:
    folder = copy_models(build_model, tmp_path, "tiny")
    with run_service(folder, NarrowService, workers=1, max_connections=16) as service, ExitStack() as stack:
        idle = [stack.enter_context(service.connect()) for _ in range(20)]
        for sock in idle[::2]:
            sock.sendall(b"POST /predict/tiny HTTP/1.1\r\n")  # an incomplete head
        for _ in range(20):
            assert service.get("/livez", timeout=5).status_code == 200
            idle.append(stack.enter_context(service.connect()))


def test_unclosed_connections_do_not_delay_other_clients(narrow: NarrowService) -> None:
    data = b"POST /predict/tiny HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"
    with ExitStack() as stack:
        for _ in range(2):
            sock = stack.enter_context(narrow.connect())
            sock.sendall(data)
            assert sock.recv(4096).startswith(b"HTTP/1.1 400 ")
        started_at = time.monotonic()
        for _ in range(4):
            wait_until(lambda: narrow.post("/predict/tiny", make_digit_png()).status_code == 200)
        assert time.monotonic() - started_at < 1.5
