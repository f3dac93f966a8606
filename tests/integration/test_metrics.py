"""Metrics of a running service, and what its processes have loaded."""

import os
import signal
from collections import Counter

import requests

from service.settings import Settings
from tests.integration.conftest import Serve
from tests.support.load import Load, send_together
from tests.support.pictures import make_digit_png, make_png
from tests.support.processes import read_maps
from tests.support.server import Service
from tests.support.waiting import wait_until


def test_batches_form_across_workers(service: Service) -> None:
    names = ("inkpaw_batch_rows_count", "inkpaw_batch_rows_sum")
    before = [service.sum_metric(name, model="tiny") for name in names]
    answers: list[requests.Response] = []
    for _ in range(10):
        answers += send_together(*[lambda: service.post("/predict/tiny", make_digit_png())] * 32)
    runs, rows = (service.sum_metric(name, model="tiny") - start for name, start in zip(names, before, strict=True))
    assert Counter(answer.status_code for answer in answers) == {200: 320}
    assert rows == 320
    assert runs < rows, "no batch had more than one row"


def test_requests_are_counted_by_status(service: Service) -> None:
    def count_requests() -> Counter[str]:
        name = "inkpaw_requests_total"
        return Counter(
            {status: int(service.sum_metric(name, model="brittle", status=status)) for status in ("200", "400", "413")}
        )

    before = count_requests()
    for _ in range(7):
        service.post("/predict/brittle", make_png(0, 1))
    for _ in range(3):
        service.post("/predict/brittle", b"text")
    service.post("/predict/brittle", files=[("f", b"")] * 300)
    assert count_requests() - before == {"200": 7, "400": 3, "413": 1}


def test_predictions_are_counted_by_label(service: Service) -> None:
    def count_predictions(label: str) -> float:
        return service.sum_metric("inkpaw_predictions_total", model="brittle", version="1", label=label)

    before = count_predictions("3"), count_predictions("8")
    service.post("/predict/brittle", files=[("f", make_png(0, label)) for label in (3, 3, 8)])
    assert (count_predictions("3") - before[0], count_predictions("8") - before[1]) == (2, 1)


def test_unknown_model_creates_no_metric(service: Service) -> None:
    service.post("/predict/made-up-model", make_digit_png())
    service.get("/made-up-path")
    assert "made-up" not in service.get("/metrics").text


def count_series(service: Service) -> int:
    return sum(not line.startswith("#") for line in service.get("/metrics").text.splitlines())


def send_made_up_names(service: Service, numbers: range) -> set[int]:
    """Requests for models, versions, labels, paths and methods that there are not; the statuses."""
    statuses: set[int] = set()
    with requests.Session() as session:
        for number in numbers:
            name = f"name{number}"
            for method, path in (
                ("POST", f"/predict/{name}"),
                ("POST", f"/predict/tiny/labels/{name}"),
                ("POST", f"/v2/models/{name}/versions/{number}/infer"),
                ("POST", f"/v1/models/{name}:predict"),
                ("GET", f"/{name}"),
                (name.upper(), "/predict/tiny"),
            ):
                statuses.add(session.request(method, service.url + path, timeout=30).status_code)
    return statuses


def test_hundreds_of_made_up_names_create_no_series(service: Service) -> None:
    send_made_up_names(service, range(10))  # each of the two workers has counted what it counts for such requests
    before = count_series(service)
    assert send_made_up_names(service, range(10, 110)) <= {400, 404, 405}
    assert count_series(service) == before


def test_what_autoscalers_go_by_is_reported_without_load(service: Service) -> None:
    assert 0 <= service.sum_metric("inkpaw_engine_utilisation") < 1
    assert service.sum_metric("inkpaw_engine_runners") == 1
    wait_until(lambda: service.sum_metric("inkpaw_in_flight_limit") >= 2 * 32)
    for name in ("inkpaw_in_flight", "inkpaw_queue_age_seconds", "inkpaw_queue_rows"):
        assert name in service.get("/metrics").text
        wait_until(lambda name=name: service.sum_metric(name) == 0)  # type: ignore[misc]


def test_busy_engine_is_reported_as_busy(serve: Serve) -> None:
    """Runners with more than they can do: utilisation nears 1, rows wait, and requests are in flight."""
    service = serve("slow", max_batch_size=1)
    with Load(lambda session: session.post(f"{service.url}/predict/slow", make_png(30), timeout=30), threads=6):
        wait_until(lambda: service.sum_metric("inkpaw_engine_utilisation") > 0.5, 30)
        wait_until(lambda: service.sum_metric("inkpaw_queue_age_seconds", model="slow") > 0.1)
        wait_until(lambda: service.sum_metric("inkpaw_queue_rows", model="slow") > 0)
        wait_until(lambda: service.sum_metric("inkpaw_in_flight") > 2)
        assert service.sum_metric("inkpaw_engine_utilisation") <= 1.01
    wait_until(lambda: service.sum_metric("inkpaw_engine_utilisation") < 0.3, 30)
    wait_until(lambda: service.sum_metric("inkpaw_in_flight") == 0)
    assert service.sum_metric("inkpaw_engine_busy_seconds_total") > 1


def test_gauges_of_a_killed_worker_vanish(serve: Serve) -> None:
    service = serve("slow")
    limit = 2 * Settings.model_fields["max_in_flight"].default  # of two workers that have not measured a pace yet
    wait_until(lambda: service.sum_metric("inkpaw_in_flight_limit") == limit)
    with Load(lambda session: session.post(f"{service.url}/predict/slow", make_png(100), timeout=30), threads=6):
        wait_until(lambda: service.sum_metric("inkpaw_in_flight") >= 3)
        for pid in service.worker_pids:
            os.kill(pid, signal.SIGKILL)
    wait_until(service.is_ready)
    wait_until(lambda: service.sum_metric("inkpaw_in_flight") == 0)
    wait_until(lambda: service.sum_metric("inkpaw_in_flight_limit") == limit)


def test_state_of_every_version_is_reported(service: Service) -> None:
    for model in ("tiny", "brittle", "blot"):
        assert service.sum_metric("inkpaw_model_state", model=model, version="1", state="AVAILABLE") == 1
        assert service.sum_metric("inkpaw_model_state", model=model, version="1", state="LOADING") == 0
        assert service.sum_metric("inkpaw_model_load_seconds", model=model, version="1") > 0


def test_only_the_engine_holds_tensorflow(service: Service) -> None:
    assert len(service.worker_pids) == 2
    assert "libtensorflow" in read_maps(service.engine_pid)
    for pid in (service.process.pid, *service.worker_pids):
        assert "libtensorflow" not in read_maps(pid)


def test_memory_of_every_process_is_reported(service: Service) -> None:
    name = "inkpaw_process_resident_bytes"
    for role, number in {"master": 1, "engine": 1, "worker": len(service.worker_pids)}.items():
        for index in range(number):
            assert service.sum_metric(name, role=role, index=str(index)) > 1 << 20
    assert service.sum_metric(name, role="engine") > service.sum_metric(name, role="worker")


def test_running_service_is_live_and_ready(service: Service) -> None:
    assert service.get("/livez").json() == {"live": True}
    assert service.get("/readyz").json() == {"ready": True}
    assert service.sum_metric("inkpaw_engine_starts_total") == 1
