"""A service that is asked to stop answers what it has, and leaves nothing behind."""

import threading
import time

import requests

from tests.integration.conftest import Serve
from tests.support.load import Load
from tests.support.pictures import digit, told
from tests.support.processes import descendants
from tests.support.waiting import until


def test_requests_in_flight_are_answered_before_the_end(serve: Serve) -> None:
    service = serve("slow", max_batch_size=1, poll_seconds=0.05)
    answers: list[requests.Response] = []
    senders = [
        threading.Thread(target=lambda: answers.append(service.post("/predict/slow", told(20)))) for _ in range(8)
    ]
    with requests.Session() as idle:  # a connection that is kept keeps nobody from stopping
        assert idle.get(f"{service.url}/readyz", timeout=5).status_code == 200
        for sender in senders:
            sender.start()
        until(lambda: service.metric("inkpaw_queue_rows", model="slow") >= 6)
        assert service.stop() == 0
    for sender in senders:
        sender.join(5)
    assert [answer.status_code for answer in answers] == [200] * 8
    assert not (service.running_in / "engine-0.sock").exists()
    assert "Traceback" not in service.log


def test_draining_service_is_not_ready_and_still_serves(serve: Serve) -> None:
    service = serve("tiny", drain_seconds=2)
    everyone = [service.process.pid, *descendants(service.process.pid)]
    with Load(lambda session: session.post(f"{service.url}/predict/tiny", digit(), timeout=30), threads=2) as load:
        load.more(10)
        began = time.monotonic()
        service.process.terminate()
        until(lambda: service.get("/readyz").status_code == 503, 1, "it is not ready")
        load.more(10, seconds=2)
        assert service.get("/livez").status_code == 200
        assert load.statuses.keys() == {200} and load.broken == []
    assert service.ended(everyone) == 0
    assert time.monotonic() - began >= 2
