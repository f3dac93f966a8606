"""More load than the device can run: refusals, deadlines, fairness between models, and bad rows that fail alone."""

import json
import socket
import time
from collections.abc import Iterator

import pytest
import requests

from service.ipc.client import EngineClient
from tests.integration.conftest import BuildModel, copy_models, run_service
from tests.support.load import Load, send_together
from tests.support.models import BAD_PIXEL
from tests.support.pictures import make_digit_png, make_png
from tests.support.server import Service
from tests.support.waiting import wait_until

QUEUE_ROWS = 8
DEADLINE_SECONDS = 2.0  # long enough to see a full queue: its gauge is set twice a second


class TightService(Service):
    """A service with a short queue and a short deadline, and methods to observe and fill them."""

    def get_busy_seconds(self) -> float:
        """Seconds since the device started its current batch; 0 if it is idle."""
        return EngineClient(self.runtime_dir / "engine-0.sock").busy_seconds()

    def count_queued_rows(self, model: str = "slow") -> float:
        return self.sum_metric("inkpaw_queue_rows", model=model)

    def count_run_rows(self, model: str = "slow") -> float:
        return self.sum_metric("inkpaw_batch_rows_sum", model=model)

    def send(self, data: bytes, version: str = "1.1") -> socket.socket:
        """Send a request to `slow` on its own connection, which the test can close."""
        host, port = self.url.removeprefix("http://").split(":")
        sock = socket.create_connection((host, int(port)))
        head = f"POST /predict/slow HTTP/{version}\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n"
        sock.sendall(head.encode() + data)
        return sock

    def occupy_device(self, hundredths: int) -> socket.socket:
        """Keep the device busy for so many hundredths of a second, from now on."""
        sock = self.send(make_png(hundredths))
        wait_until(self.get_busy_seconds, description="the device is busy")
        return sock

    def fill_queue(self) -> list[socket.socket]:
        """Fill the queue of `slow` with requests of one row."""
        socks = [self.send(make_png(0)) for _ in range(QUEUE_ROWS)]
        wait_until(lambda: self.count_queued_rows() == QUEUE_ROWS, description="the queue is full")
        return socks


@pytest.fixture(scope="module")
def shared(build_model: BuildModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TightService]:
    folder = copy_models(build_model, tmp_path_factory.mktemp("models"), "slow", "tiny", "brittle")
    with run_service(
        folder, TightService, max_queue_rows=QUEUE_ROWS, request_seconds=DEADLINE_SECONDS, poll_seconds=0.05
    ) as service:
        yield service


@pytest.fixture
def tight(shared: TightService) -> TightService:
    """The shared service, idle and with an empty queue."""
    wait_until(lambda: not shared.get_busy_seconds() and not shared.count_queued_rows())
    return shared


def test_full_queue_refuses_and_counts_requests(tight: TightService) -> None:
    rejected_before = tight.sum_metric("inkpaw_rejected_total", reason="overloaded")
    answers = send_together(*[lambda: tight.post("/predict/slow", make_png(30))] * 40)
    refused = [answer for answer in answers if answer.status_code == 503]
    assert {answer.status_code for answer in answers} == {200, 503}
    assert all(answer.headers["Retry-After"] == "1" for answer in refused)
    assert all(answer.json()["error"]["code"] == "overloaded" for answer in refused)
    assert tight.sum_metric("inkpaw_rejected_total", reason="overloaded") - rejected_before == len(refused)


def test_refusal_does_not_wait_for_the_device(tight: TightService) -> None:
    with tight.occupy_device(160):
        socks = tight.fill_queue()
        started_at = time.monotonic()
        assert tight.post("/predict/slow", make_png(0)).status_code == 503
        assert time.monotonic() - started_at < 0.5
        for sock in socks:
            sock.close()


def test_flood_of_one_model_does_not_starve_another(tight: TightService) -> None:
    with Load(lambda session: session.post(f"{tight.url}/predict/slow", make_png(10), timeout=30), threads=12) as load:
        load.wait_for_responses(5)
        for _ in range(10):
            started_at = time.monotonic()
            assert tight.post("/predict/tiny", make_digit_png()).status_code == 200
            assert time.monotonic() - started_at < 0.8, "it waited longer than for the running batch"


def test_request_past_its_deadline_gets_504_in_time_and_never_runs(tight: TightService) -> None:
    before = tight.count_run_rows()
    with tight.occupy_device(250):
        started_at = time.monotonic()
        answer = tight.post("/predict/slow", make_png(0))
        seconds = time.monotonic() - started_at
        assert (answer.status_code, answer.json()["error"]["code"]) == (504, "deadline_exceeded")
        assert DEADLINE_SECONDS <= seconds < DEADLINE_SECONDS + 0.5
        wait_until(lambda: not tight.get_busy_seconds())
    assert tight.post("/predict/slow", make_png(0)).status_code == 200
    assert tight.count_run_rows() == before + 2


def test_requests_of_clients_that_left_never_run(tight: TightService) -> None:
    before = tight.count_run_rows()
    with tight.occupy_device(160):
        for sock in tight.fill_queue():
            sock.close()
        wait_until(lambda: not tight.get_busy_seconds())
    assert tight.post("/predict/slow", make_png(0)).status_code == 200
    assert tight.count_run_rows() == before + 2


def test_clients_that_left_free_their_queue_rows(tight: TightService) -> None:
    with tight.occupy_device(190):
        for sock in tight.fill_queue():
            sock.close()
        time.sleep(0.2)  # the engine learns of the disconnects a little later; nothing shows when
        answers = send_together(*[lambda: tight.post("/predict/slow", make_png(0))] * QUEUE_ROWS)
    assert [answer.status_code for answer in answers] == [200] * QUEUE_ROWS


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_clients_that_half_close_are_answered(tight: TightService, version: str) -> None:
    """They wait long enough to be looked at several times."""
    before = tight.sum_metric("inkpaw_requests_total", model="slow", status="200")
    with tight.occupy_device(40):
        sock = tight.send(make_png(0), version)
        sock.shutdown(socket.SHUT_WR)
        with sock, sock.makefile("rb") as answer:
            head, _, body = answer.read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"HTTP/1.1" not in head[8:]
    assert json.loads(body)["model"] == "slow"
    assert tight.sum_metric("inkpaw_requests_total", model="slow", status="200") == before + 2


def test_one_bad_row_fails_alone(tight: TightService) -> None:
    """The rows wait behind a batch of another model, so that they run as one batch."""
    before = tight.sum_metric("inkpaw_batch_rows_count", model="brittle")
    with tight.occupy_device(80):
        answers = send_together(
            *[
                lambda row=row: tight.post("/predict/brittle", make_png(BAD_PIXEL if row == 3 else 0, row))
                for row in range(QUEUE_ROWS)
            ]
        )
    assert [answer.status_code for answer in answers] == [500 if row == 3 else 200 for row in range(QUEUE_ROWS)]
    labels = [answer.json()["predictions"][0]["label"] for row, answer in enumerate(answers) if row != 3]
    assert labels == [str(row) for row in range(QUEUE_ROWS) if row != 3]
    assert answers[3].json()["error"]["code"] == "internal"
    assert "Traceback" not in answers[3].text and "assert" not in answers[3].text
    assert tight.sum_metric("inkpaw_batch_rows_count", model="brittle") - before == QUEUE_ROWS - 1, (
        "each row must run again alone"
    )


def test_incomplete_request_does_not_delay_other_requests(tight: TightService) -> None:
    host, port = tight.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as sock:
        sock.sendall(b"POST /predict/tiny HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nbegin")
        answers: list[requests.Response] = send_together(*[lambda: tight.post("/predict/tiny", make_digit_png())] * 6)
        assert [answer.status_code for answer in answers] == [200] * 6
        sock.settimeout(DEADLINE_SECONDS + 2)
        assert sock.recv(4096).startswith(b"HTTP/1.1 408 ")
