"""A service that stops answers its requests in flight and leaves nothing behind."""

import threading
import time

import requests

from tests.integration.conftest import Serve
from tests.support.load import Load
from tests.support.pictures import make_digit_png, make_png
from tests.support.processes import list_descendants
from tests.support.waiting import wait_until


def test_requests_in_flight_are_answered_before_the_service_stops(serve: Serve) -> None:
    service = serve("slow", max_batch_size=1, poll_seconds=0.05)
    answers: list[requests.Response] = []
    senders = [
        threading.Thread(target=lambda: answers.append(service.post("/predict/slow", make_png(60)))) for _ in range(8)
    ]
    with requests.Session() as idle:  # an idle keep-alive connection must not delay the stop
        assert idle.get(f"{service.url}/readyz", timeout=5).status_code == 200
        for sender in senders:
            sender.start()
        wait_until(lambda: service.sum_metric("inkpaw_queue_rows", model="slow") >= 6)
        assert service.stop() == 0
    for sender in senders:
        sender.join(5)
    assert [answer.status_code for answer in answers] == [200] * 8
    assert not (service.runtime_dir / "engine-0.sock").exists()
    assert "Traceback" not in service.log


def test_draining_service_is_not_ready_and_still_serves(serve: Serve) -> None:
    service = serve("tiny", drain_seconds=2)
    pids = [service.process.pid, *list_descendants(service.process.pid)]
    with Load(
        lambda session: session.post(f"{service.url}/predict/tiny", make_digit_png(), timeout=30), threads=2
    ) as load:
        load.wait_for_responses(10)
        started_at = time.monotonic()
        service.process.terminate()
        wait_until(lambda: service.get("/readyz").status_code == 503, 1, "the service is not ready")
        load.wait_for_responses(10, seconds=2)
        assert service.get("/livez").status_code == 200
        assert load.statuses.keys() == {200} and load.errors == []
    assert service.wait_for_exit(pids) == 0
    assert time.monotonic() - started_at >= 2
