"""Processes that are killed under load: others go on, and what is lost is told as what it is."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.conftest import Built, Serve, copied, running
from tests.support.load import Load
from tests.support.pictures import digit
from tests.support.processes import alive
from tests.support.server import Service
from tests.support.waiting import until

Counters = dict[tuple[str, ...], float]


@pytest.fixture(scope="module")
def mortal(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(copied(built, tmp_path_factory.mktemp("models"), "tiny"), Service) as service:
        yield service


def asking(service: Service) -> Load:
    return Load(lambda session: session.post(f"{service.url}/predict/tiny", digit(), timeout=30), threads=4)


def counters(service: Service) -> Counters:
    """Every value that may only grow."""
    families = text_string_to_metric_families(service.get("/metrics").text)
    growing = (family for family in families if family.type in ("counter", "histogram"))
    samples = (sample for family in growing for sample in family.samples)
    return {(sample.name, *map(str, sorted(sample.labels.items()))): sample.value for sample in samples}


def assert_grown(before: Counters, after: Counters) -> None:
    assert [key for key in before if after.get(key, -1.0) < before[key]] == []


def test_killed_worker_is_replaced_and_the_others_go_on(mortal: Service) -> None:
    starts, engine = mortal.metric("inkpaw_engine_starts_total"), mortal.engine
    with asking(mortal) as load:
        load.more(50)
        before, (killed, other) = counters(mortal), mortal.workers
        os.kill(killed, signal.SIGKILL)
        until(lambda: len({*mortal.workers} - {killed}) == 2, 20, "there are two workers again")
        load.more(50)
    assert load.statuses.keys() == {200}
    assert len(load.broken) <= load.threads, "more broke than the worker had in hand"
    assert other in mortal.workers
    assert_grown(before, counters(mortal))
    assert (mortal.engine, mortal.metric("inkpaw_engine_starts_total")) == (engine, starts)


def test_an_engine_that_is_killed_under_load_is_replaced_in_seconds(mortal: Service) -> None:
    enough = max(10.0, 2 * mortal.took)  # ten seconds, but on a machine that was busy when it started
    starts, first = mortal.metric("inkpaw_engine_starts_total"), mortal.engine
    with asking(mortal) as load:
        load.more(100)
        before = counters(mortal)
        assert load.statuses.keys() == {200}
        os.kill(first, signal.SIGKILL)
        killed, answered = time.monotonic(), load.statuses[200]
        until(lambda: load.statuses[503], 5, "somebody is turned away")
        assert mortal.get("/readyz").status_code == 503
        assert mortal.get("/livez").status_code == 200
        while load.statuses[200] < answered + 50:
            assert time.monotonic() - killed < enough, load.statuses
            after = counters(mortal)
            assert_grown(before, after)
            before = after
        load.more(50)
    assert load.broken == []
    assert load.statuses.keys() == {200, 503}, {each.text for each in load.answers if each.status_code != 200}
    assert all("Retry-After" in each.headers for each in load.answers if each.status_code == 503)
    assert mortal.metric("inkpaw_engine_starts_total") == starts + 1
    assert mortal.engine != first
    until(mortal.ready, 5)


def test_with_two_engines_one_may_die(serve: Serve) -> None:
    service = serve("tiny", devices="cpu,cpu")
    until(lambda: service.metric("inkpaw_model_state", state="AVAILABLE") == 2, 60, "both engines have the model")
    with asking(service) as load:
        load.more(50)
        first, other = service.engines
        os.kill(first, signal.SIGKILL)
        for _ in range(10):
            load.more(10)
            assert service.ready()
        until(lambda: len({*service.engines} - {first}) == 2, 20, "there are two engines again")
    assert load.broken == []
    lost = load.statuses[503]
    assert load.statuses.keys() <= {200, 503}
    assert lost <= load.threads, "more were lost than the engine had in hand"
    assert other in service.engines
    assert service.stop() == 0


def test_a_second_service_does_not_take_the_firsts_folder(mortal: Service) -> None:
    second = Service(mortal.model_dir, {"runtime_dir": mortal.running_in})
    try:
        assert second.process.wait(30) == 1
        assert "INKPAW_RUNTIME_DIR" in second.log and "Traceback" not in second.log
        assert mortal.ready()
    finally:
        second.clear()


def test_nothing_outlives_a_master_that_is_killed_and_the_next_starts_afresh(serve: Serve) -> None:
    """The next finds a socket that nobody answers, a lock that nobody holds, and metrics that are not its own."""
    first = serve("tiny")
    first.post("/predict/tiny", digit())
    everyone = [first.process.pid, first.engine, *first.workers]
    os.kill(first.process.pid, signal.SIGKILL)
    until(lambda: not any(map(alive, everyone)), 20, "all have ended")
    second = serve("tiny", runtime_dir=first.running_in)
    assert second.post("/predict/tiny", digit()).status_code == 200
    assert second.metric("inkpaw_requests_total", model="tiny") == 1
