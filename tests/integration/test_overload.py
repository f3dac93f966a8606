"""More than the device can do: turned away at once, given up on time, shared fairly, and one's bad rows one's own."""

import socket
import time
from collections.abc import Iterator

import pytest
import requests

from service.ipc.client import EngineClient
from tests.integration.conftest import Built, copied, running
from tests.support.load import Load, at_once
from tests.support.models import BAD
from tests.support.pictures import digit, told
from tests.support.server import Service
from tests.support.waiting import until

PLACES = 8
SECONDS = 1.5


class Tight(Service):
    """A service with little room and little patience, and ways to see into it."""

    def busy(self) -> float:
        """Seconds that the device has been at one batch."""
        return EngineClient(self.running_in / "engine-0.sock").busy_seconds()

    def waiting(self, model: str = "slow") -> float:
        return self.metric("inkpaw_queue_rows", model=model)

    def ran(self, model: str = "slow") -> float:
        return self.metric("inkpaw_batch_rows_sum", model=model)

    def sent(self, data: bytes) -> socket.socket:
        """A request to `slow` on a connection of its own, which a test can close."""
        host, port = self.url.removeprefix("http://").split(":")
        sock = socket.create_connection((host, int(port)))
        head = f"POST /predict/slow HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n"
        sock.sendall(head.encode() + data)
        return sock

    def occupied(self, hundredths: int) -> socket.socket:
        """Keep the device busy for so long, from now on."""
        sock = self.sent(told(hundredths))
        until(self.busy, what="the device is busy")
        return sock

    def filled(self) -> list[socket.socket]:
        """Requests that take every place in the queue of `slow`."""
        socks = [self.sent(told(0)) for _ in range(PLACES)]
        until(lambda: self.waiting() == PLACES, what="every place is taken")
        return socks


@pytest.fixture(scope="module")
def shared(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tight]:
    folder = copied(built, tmp_path_factory.mktemp("models"), "slow", "tiny", "brittle")
    with running(folder, Tight, max_queue_rows=PLACES, request_seconds=SECONDS, poll_seconds=0.05) as service:
        yield service


@pytest.fixture
def tight(shared: Tight) -> Tight:
    """It, with nothing left to do."""
    until(lambda: not shared.busy() and not shared.waiting())
    return shared


def test_full_queue_refuses_and_counts_requests(tight: Tight) -> None:
    rejected = tight.metric("inkpaw_rejected_total", reason="overloaded")
    answers = at_once(*[lambda: tight.post("/predict/slow", told(30))] * 40)
    away = [answer for answer in answers if answer.status_code == 503]
    assert {answer.status_code for answer in answers} == {200, 503}
    assert all(answer.headers["Retry-After"] == "1" for answer in away)
    assert all(answer.json()["error"]["code"] == "overloaded" for answer in away)
    assert tight.metric("inkpaw_rejected_total", reason="overloaded") - rejected == len(away)


def test_refusal_does_not_wait_for_the_device(tight: Tight) -> None:
    with tight.occupied(100):
        socks = tight.filled()
        began = time.monotonic()
        assert tight.post("/predict/slow", told(0)).status_code == 503
        assert time.monotonic() - began < 0.5
        for sock in socks:
            sock.close()


def test_flood_of_one_model_does_not_starve_another(tight: Tight) -> None:
    with Load(lambda session: session.post(f"{tight.url}/predict/slow", told(10), timeout=30), threads=12) as load:
        load.more(5)
        for _ in range(10):
            began = time.monotonic()
            assert tight.post("/predict/tiny", digit()).status_code == 200
            assert time.monotonic() - began < 0.8, "it waited for more than the batch that was running"


def test_request_past_its_deadline_gets_504_in_time_and_never_runs(tight: Tight) -> None:
    before = tight.ran()
    with tight.occupied(220):
        began = time.monotonic()
        answer = tight.post("/predict/slow", told(0))
        took = time.monotonic() - began
        assert (answer.status_code, answer.json()["error"]["code"]) == (504, "deadline_exceeded")
        assert SECONDS <= took < SECONDS + 0.5
        until(lambda: not tight.busy())
    assert tight.post("/predict/slow", told(0)).status_code == 200
    assert tight.ran() == before + 2


def test_requests_of_clients_that_left_never_run(tight: Tight) -> None:
    before = tight.ran()
    with tight.occupied(100):
        for sock in tight.filled():
            sock.close()
        until(lambda: not tight.busy())
    assert tight.post("/predict/slow", told(0)).status_code == 200
    assert tight.ran() == before + 2


def test_clients_that_left_free_their_places(tight: Tight) -> None:
    with tight.occupied(140):
        for sock in tight.filled():
            sock.close()
        time.sleep(0.2)  # the engine hears of it at some time; nothing shows when
        answers = at_once(*[lambda: tight.post("/predict/slow", told(0))] * PLACES)
    assert [answer.status_code for answer in answers] == [200] * PLACES


def test_one_bad_row_fails_alone(tight: Tight) -> None:
    """Its batch-mates have waited with it behind a batch of another model."""
    before = tight.metric("inkpaw_batch_rows_count", model="brittle")
    with tight.occupied(80):
        answers = at_once(
            *[lambda at=at: tight.post("/predict/brittle", told(BAD if at == 3 else 0, at)) for at in range(PLACES)]
        )
    assert [answer.status_code for answer in answers] == [500 if at == 3 else 200 for at in range(PLACES)]
    labels = [answer.json()["predictions"][0]["label"] for at, answer in enumerate(answers) if at != 3]
    assert labels == [str(at) for at in range(PLACES) if at != 3]
    assert answers[3].json()["error"]["code"] == "internal"
    assert "Traceback" not in answers[3].text and "assert" not in answers[3].text
    assert tight.metric("inkpaw_batch_rows_count", model="brittle") - before == PLACES - 1, "each ran again, alone"


def test_half_a_request_delays_no_other(tight: Tight) -> None:
    host, port = tight.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as sock:
        sock.sendall(b"POST /predict/tiny HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nbegin")
        answers: list[requests.Response] = at_once(*[lambda: tight.post("/predict/tiny", digit())] * 6)
        assert [answer.status_code for answer in answers] == [200] * 6
        sock.settimeout(SECONDS + 2)
        assert sock.recv(4096).startswith(b"HTTP/1.1 408 ")
