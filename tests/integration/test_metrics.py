"""What a service under load counts, and what its processes hold."""

from collections import Counter

import requests

from tests.support.load import at_once
from tests.support.pictures import digit, told
from tests.support.processes import mapped
from tests.support.server import Service


def test_batches_form_across_workers(service: Service) -> None:
    names = ("inkpaw_batch_rows_count", "inkpaw_batch_rows_sum")
    before = [service.metric(name, model="tiny") for name in names]
    answers: list[requests.Response] = []
    for _ in range(10):
        answers += at_once(*[lambda: service.post("/predict/tiny", digit())] * 32)
    runs, rows = (service.metric(name, model="tiny") - was for name, was in zip(names, before, strict=True))
    assert Counter(answer.status_code for answer in answers) == {200: 320}
    assert rows == 320
    assert runs < rows, "no batch had more than one row"


def test_requests_are_counted_by_status(service: Service) -> None:
    def counted() -> Counter[str]:
        name = "inkpaw_requests_total"
        return Counter({s: int(service.metric(name, model="brittle", status=s)) for s in ("200", "400", "413")})

    before = counted()
    for _ in range(7):
        service.post("/predict/brittle", told(0, 1))
    for _ in range(3):
        service.post("/predict/brittle", b"text")
    service.post("/predict/brittle", files=[("f", b"")] * 300)
    assert counted() - before == {"200": 7, "400": 3, "413": 1}


def test_predictions_are_counted_by_label(service: Service) -> None:
    def counted(label: str) -> float:
        return service.metric("inkpaw_predictions_total", model="brittle", version="1", label=label)

    before = counted("3"), counted("8")
    service.post("/predict/brittle", files=[("f", told(0, label)) for label in (3, 3, 8)])
    assert (counted("3") - before[0], counted("8") - before[1]) == (2, 1)


def test_unknown_model_creates_no_metric(service: Service) -> None:
    service.post("/predict/made-up-by-somebody", digit())
    service.get("/made-up-by-somebody")
    assert "made-up" not in service.get("/metrics").text


def test_state_of_every_version_is_reported(service: Service) -> None:
    for model in ("tiny", "brittle", "blot"):
        assert service.metric("inkpaw_model_state", model=model, version="1", state="AVAILABLE") == 1
        assert service.metric("inkpaw_model_state", model=model, version="1", state="LOADING") == 0
        assert service.metric("inkpaw_model_load_seconds", model=model, version="1") > 0


def test_only_the_engine_holds_tensorflow(service: Service) -> None:
    assert len(service.workers) == 2
    assert "libtensorflow" in mapped(service.engine)
    for pid in (service.process.pid, *service.workers):
        assert "libtensorflow" not in mapped(pid)


def test_memory_of_every_process_is_reported(service: Service) -> None:
    name = "inkpaw_process_resident_bytes"
    pids = {"master": [service.process.pid], "engine": [service.engine], "worker": service.workers}
    for role, of_role in pids.items():
        for pid in of_role:
            assert service.metric(name, role=role, pid=str(pid)) > 1 << 20
    assert service.metric(name, role="engine") > service.metric(name, role="worker")


def test_running_service_is_live_and_ready(service: Service) -> None:
    assert service.get("/livez").json() == {"live": True}
    assert service.get("/readyz").json() == {"ready": True}
    assert service.metric("inkpaw_engine_starts_total") == 1
