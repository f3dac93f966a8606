"""An engine that hangs is found, killed, replaced and counted; meanwhile nobody waits in vain, and probes answer."""

import os
import signal
import time

from tests.integration.conftest import Serve
from tests.support.load import Load
from tests.support.pictures import make_digit_png, make_png
from tests.support.processes import is_alive
from tests.support.server import Service
from tests.support.waiting import wait_until


def measure(service: Service, path: str) -> tuple[int, float]:
    """A probe's status, and the seconds that it took."""
    began = time.monotonic()
    status = service.get(path).status_code
    return status, time.monotonic() - began


def count_hangs(service: Service, reason: str) -> float:
    return service.sum_metric("inkpaw_engine_hangs_total", reason=reason)


def test_stopped_engine_and_stuck_batch_are_replaced(serve: Serve) -> None:
    service = serve("tiny", "sluggish", stall_seconds=3, request_seconds=20)
    stopped = service.engine_pid
    with Load(
        lambda session: session.post(f"{service.url}/predict/tiny", make_digit_png(), timeout=30), threads=4
    ) as load:
        load.wait_for_responses(20)
        os.kill(stopped, signal.SIGSTOP)
        began = time.monotonic()
        probes = []
        while is_alive(stopped):
            assert time.monotonic() - began < 10, "it is stopped, and nobody ends it"
            probes += [measure(service, "/livez"), measure(service, "/readyz")]
            time.sleep(0.05)
        wait_until(lambda: load.statuses[503] > 10, 5, "requests are refused at once")
        wait_until(service.is_ready, 120, "another engine answers")
        load.wait_for_responses(20)
    assert load.statuses.keys() == {200, 503} and load.errors == []
    refusals = [answer for answer in load.responses if answer.status_code == 503]
    assert all("Retry-After" in answer.headers for answer in refusals)
    assert "engine_down" in {answer.json()["error"]["code"] for answer in refusals}
    assert max(answer.elapsed.total_seconds() for answer in refusals) < 5
    assert max(seconds for _, seconds in probes) < 0.8  # half a second, on a machine that is not busy
    assert {status for status, _ in probes[::2]} == {200}, "an engine that is being replaced is live"
    assert probes[-1][0] == 503, "it is not ready"
    assert count_hangs(service, "silent") == 1

    stuck = service.engine_pid
    assert service.post("/predict/sluggish", make_png(1)).status_code == 200
    assert service.engine_pid == stuck, "a long batch is no hang"
    began = time.monotonic()
    assert service.post("/predict/sluggish", make_png(200)).status_code == 503
    assert time.monotonic() - began < 3 + 5
    wait_until(lambda: not is_alive(stuck), 5)
    wait_until(service.is_ready, 120, "another engine answers")
    assert count_hangs(service, "batch") == 1
    assert service.stop() == 0
    assert "Traceback" not in service.log
