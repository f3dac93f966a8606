"""Metrics of a running service, and what its processes have loaded."""

from collections import Counter

import requests

from tests.support.load import send_together
from tests.support.pictures import make_digit_png, make_png
from tests.support.processes import read_maps
from tests.support.server import Service


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
