"""What each signal to the master does: docs/supervision.md has the table. The engine is a stub, so a start is quick."""

import contextlib
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest
import requests

from tests.integration.conftest import Serve
from tests.support.load import Load
from tests.support.pictures import make_digit_png
from tests.support.processes import is_alive, list_descendants
from tests.support.server import Service
from tests.support.waiting import wait_until

TERM, INT, QUIT, HUP, USR2 = signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR2
USR1, TTIN, TTOU = signal.SIGUSR1, signal.SIGTTIN, signal.SIGTTOU


def send(service: Service, *numbers: signal.Signals) -> None:
    for number in numbers:
        service.process.send_signal(number)


def predict(service: Service) -> Load:
    return Load(lambda session: session.post(f"{service.url}/predict/echo", make_digit_png(), timeout=30), threads=4)


def predict_once(service: Service, count: int) -> tuple[list[threading.Thread], list[int]]:
    """Requests in flight, and where their statuses will be; returns when the workers have them."""
    statuses: list[int] = []

    def ask() -> None:
        try:
            statuses.append(service.post("/predict/echo", make_digit_png()).status_code)
        except requests.RequestException:
            statuses.append(0)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)  # nothing outside shows when a request has arrived
    return threads, statuses


def list_all(service: Service) -> list[int]:
    return [service.process.pid, *list_descendants(service.process.pid)]


def assert_ended(service: Service, everyone: list[int], seconds: float) -> None:
    """It ends well within that time, with all its processes, and says nothing that frightens."""
    began = time.monotonic()
    assert service.process.wait(30) == 0
    wait_until(lambda: not any(map(is_alive, everyone)), 2, f"nobody is left of {everyone}")
    assert time.monotonic() - began < seconds, service.log
    assert "Traceback" not in service.log and "KeyboardInterrupt" not in service.log


def test_signals_that_do_not_stop_lose_no_request_and_keep_the_engine(serve_stub: Serve) -> None:
    service = serve_stub()
    engine, (first, second) = service.engine_pid, service.worker_pids
    with predict(service) as load:
        load.wait_for_responses(20)
        send(service, TTIN)
        wait_until(lambda: len(service.worker_pids) == 3, description="there is one more worker")
        send(service, TTOU)
        wait_until(lambda: len(service.worker_pids) == 2, description="there is one worker less")
        send(service, USR2, USR1, signal.SIGWINCH)
        wait_until(lambda: "SIGUSR2 does nothing" in service.log)
        load.wait_for_responses(20)
        send(service, HUP)
        wait_until(
            lambda: not {first, second} & {*service.worker_pids} and len(service.worker_pids) == 2,
            description="all are new",
        )
        load.wait_for_responses(20)
    assert load.statuses.keys() == {200} and load.errors == []
    assert service.engine_pid == engine
    wait_until(lambda: len(list_descendants(service.process.pid)) == 3, description="nothing is doubled")
    assert service.stop() == 0, service.log[-3000:]
    assert "Traceback" not in service.log


@pytest.mark.parametrize("whole_group", [False, True], ids=["master", "every process, as systemd does"])
def test_sigterm_twice_answers_what_is_in_flight(serve_stub: Serve, whole_group: bool) -> None:
    service = serve_stub(run=1.5)
    everyone = list_all(service)
    threads, statuses = predict_once(service, 6)
    for _ in range(2):
        for pid in everyone if whole_group else everyone[:1]:
            os.kill(pid, TERM)
        time.sleep(0.2)
    for thread in threads:
        thread.join(10)
    assert statuses == [200] * 6
    assert_ended(service, everyone, 10)


@pytest.mark.parametrize(("number", "in_flight"), [(INT, 0), (QUIT, 2)])
def test_sigint_and_sigquit_stop_at_once(serve_stub: Serve, number: signal.Signals, in_flight: int) -> None:
    service = serve_stub(run=20)
    everyone = [pid for pid in list_all(service) if pid != service.engine_pid]  # which is in a group of its own
    threads, _ = predict_once(service, in_flight)
    for _ in range(8):  # Ctrl-C in a terminal goes to all of them, and is pressed again
        with contextlib.suppress(ProcessLookupError):
            os.killpg(service.process.pid, number)
        time.sleep(0.03)
    assert_ended(service, everyone, 10)
    for thread in threads:
        thread.join(5)


@pytest.mark.parametrize("number", [TERM, INT, QUIT])
@pytest.mark.parametrize("seconds", [0.4, 0.8, 1.3])
def test_signal_at_the_start_ends_it_in_about_a_second(begin: Serve, number: signal.Signals, seconds: float) -> None:
    service = begin(start=60)
    time.sleep(seconds)
    everyone = list_all(service)
    send(service, number)
    assert_ended(service, everyone, 5)


def test_sigterm_to_a_master_that_forks_its_workers_is_not_lost_in_one(begin: Serve) -> None:
    """A worker that has not its own handlers yet would take the signal and do nothing, until the grace is over."""
    service = begin(start=60, workers=16)
    wait_until(lambda: len(service.worker_pids) > 2, 20)
    everyone = list_all(service)
    send(service, TERM)
    assert_ended(service, everyone, 10)


def test_other_signals_at_the_start_do_nothing(begin: Serve) -> None:
    service = begin()
    wait_until(lambda: b"SigCgt" in Path(f"/proc/{service.process.pid}/status").read_bytes())
    time.sleep(0.3)
    for number in (HUP, USR1, USR2, TTIN, TTOU):
        send(service, number)
        time.sleep(0.02)
    service.start()
    assert len(service.engine_pids) == 1
    assert service.stop() == 0, service.log[-3000:]


def test_drain_is_not_disturbed_and_sigint_ends_it(serve_stub: Serve) -> None:
    service = serve_stub(drain_seconds=30)
    engine = service.engine_pid
    with predict(service) as load:
        load.wait_for_responses(10)
        send(service, TERM)
        wait_until(lambda: service.get("/readyz").status_code == 503, 1, "it is not ready")
        send(service, TERM, HUP, TTIN, USR2)
        wait_until(lambda: len(service.worker_pids) == 3)
        load.wait_for_responses(20)
        assert service.get("/readyz").status_code == 503
        assert load.statuses.keys() == {200} and load.errors == []
        assert service.engine_pid == engine
    everyone = list_all(service)
    send(service, INT)
    assert_ended(service, everyone, 10)


@pytest.mark.parametrize("engine_starts", [0, 60], ids=["serving", "engine starting"])
def test_killed_master_leaves_nothing_and_no_port(begin: Serve, engine_starts: float) -> None:
    service = begin(start=engine_starts)
    wait_until(service.has_address, 30)
    wait_until(lambda: len(service.worker_pids) == 2 and service.engine_pids, 10)
    if not engine_starts:
        wait_until(service.is_ready, 20)
    everyone = list_all(service)
    os.kill(service.worker_pids[0], signal.SIGSTOP)  # one that could not notice by itself
    os.kill(service.process.pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, everyone)), 2, "all have ended")
    host, port = service.url.removeprefix("http://").split(":")
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, int(port)))
        sock.listen()


def test_stopped_worker_is_replaced_while_the_others_answer(serve_stub: Serve) -> None:
    service = serve_stub()
    stopped, other = service.worker_pids
    with predict(service) as load:
        load.wait_for_responses(10)
        os.kill(stopped, signal.SIGSTOP)
        wait_until(lambda: not is_alive(stopped) and len(service.worker_pids) == 2, 22, "it has been replaced")
        load.wait_for_responses(20)
    assert load.statuses.keys() == {200}
    assert other in service.worker_pids
    assert service.stop() == 0, service.log[-3000:]
