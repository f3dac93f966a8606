"""Processes killed under load: the others continue, and lost requests get a clear error."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.conftest import BuildModel, Serve, copy_models, run_service
from tests.support.load import Load
from tests.support.pictures import make_digit_png
from tests.support.processes import is_alive
from tests.support.server import Service
from tests.support.waiting import wait_until

Counters = dict[tuple[str, ...], float]


@pytest.fixture(scope="module", params=["tensorflow", "litert"])
def service(
    build_form: BuildModel, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Service]:
    folder = copy_models(build_form, tmp_path_factory.mktemp("models"), "tiny")
    with run_service(folder, Service, runtime=request.param) as service:
        yield service


def send_load(service: Service) -> Load:
    return Load(lambda session: session.post(f"{service.url}/predict/tiny", make_digit_png(), timeout=30), threads=4)


def read_counters(service: Service) -> Counters:
    """The samples of all counters and histograms, which may only grow."""
    families = text_string_to_metric_families(service.get("/metrics").text)
    monotonic = (family for family in families if family.type in ("counter", "histogram"))
    samples = (sample for family in monotonic for sample in family.samples)
    return {(sample.name, *map(str, sorted(sample.labels.items()))): sample.value for sample in samples}


def assert_not_decreased(before: Counters, after: Counters) -> None:
    assert [key for key in before if after.get(key, -1.0) < before[key]] == []


def test_killed_worker_is_replaced_and_other_workers_continue(service: Service) -> None:
    starts, engine = service.sum_metric("inkpaw_engine_starts_total"), service.engine_pid
    with send_load(service) as load:
        load.wait_for_responses(50)
        before, (killed, other) = read_counters(service), service.worker_pids
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: len({*service.worker_pids} - {killed}) == 2, 20, "there are two workers again")
        load.wait_for_responses(50)
    assert load.statuses.keys() == {200}
    assert len(load.errors) <= load.threads, "more requests failed than the worker had in flight"
    assert other in service.worker_pids
    assert_not_decreased(before, read_counters(service))
    assert (service.engine_pid, service.sum_metric("inkpaw_engine_starts_total")) == (engine, starts)


def test_engine_killed_under_load_is_replaced_in_seconds(service: Service) -> None:
    limit = max(10.0, 2 * service.start_seconds)  # ten seconds, or more on a machine where the start was slow too
    starts, first = service.sum_metric("inkpaw_engine_starts_total"), service.engine_pid
    with send_load(service) as load:
        load.wait_for_responses(100)
        before = read_counters(service)
        assert load.statuses.keys() == {200}
        os.kill(first, signal.SIGKILL)
        killed_at, successes = time.monotonic(), load.statuses[200]
        wait_until(lambda: load.statuses[503], 5, "a request is refused")
        assert service.get("/readyz").status_code == 503
        assert service.get("/livez").status_code == 200
        while load.statuses[200] < successes + 50:
            assert time.monotonic() - killed_at < limit, load.statuses
            after = read_counters(service)
            assert_not_decreased(before, after)
            before = after
        load.wait_for_responses(50)
    assert load.errors == []
    assert load.statuses.keys() == {200, 503}, {
        response.text for response in load.responses if response.status_code != 200
    }
    assert all("Retry-After" in response.headers for response in load.responses if response.status_code == 503)
    assert service.sum_metric("inkpaw_engine_starts_total") == starts + 1
    assert service.engine_pid != first
    wait_until(service.is_ready, 5)


def test_service_stays_ready_when_one_of_two_engines_dies(serve: Serve) -> None:
    service = serve("tiny", devices="cpu,cpu")
    wait_until(
        lambda: service.sum_metric("inkpaw_model_state", state="AVAILABLE") == 2, 60, "both engines have the model"
    )
    with send_load(service) as load:
        load.wait_for_responses(50)
        first, other = service.engine_pids
        os.kill(first, signal.SIGKILL)
        for _ in range(10):
            load.wait_for_responses(10)
            assert service.is_ready()
        wait_until(lambda: len({*service.engine_pids} - {first}) == 2, 20, "there are two engines again")
    assert load.errors == []
    lost = load.statuses[503]
    assert load.statuses.keys() <= {200, 503}
    assert lost <= load.threads, "more requests were lost than the engine had in flight"
    assert other in service.engine_pids
    assert service.stop() == 0


def test_second_service_with_the_same_runtime_dir_is_refused(service: Service) -> None:
    second = Service(service.model_dir, {"runtime_dir": service.runtime_dir})
    try:
        assert second.process.wait(30) == 1
        assert "INKPAW_RUNTIME_DIR" in second.log and "Traceback" not in second.log
        assert service.is_ready()
    finally:
        second.clean_up()


def test_killed_master_leaves_no_process_and_the_next_service_starts(serve: Serve) -> None:
    """The next service finds a dead socket, a lock file that no process holds, and metrics of the first service."""
    first = serve("tiny")
    first.post("/predict/tiny", make_digit_png())
    pids = [first.process.pid, first.engine_pid, *first.worker_pids]
    os.kill(first.process.pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, pids)), 20, "all have ended")
    second = serve("tiny", runtime_dir=first.runtime_dir)
    assert second.post("/predict/tiny", make_digit_png()).status_code == 200
    assert second.sum_metric("inkpaw_requests_total", model="tiny") == 1
