"""Every query of the dashboard returns data from a Prometheus that scrapes a running service under load."""

import itertools
import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import requests

from docker.observe.dashboard import list_queries, read_dashboard
from docker.observe.prometheus_rule import RULES
from tests.integration.conftest import BuildModel, copy_models, run_service
from tests.support.load import Load
from tests.support.models import BAD_PIXEL
from tests.support.pictures import make_digit_png, make_png
from tests.support.prometheus import Prometheus, needs_prometheus
from tests.support.server import ROOT, Service

# without data here; their names are held against the code by tests/unit/docker/observe
WITHOUT_DATA = {
    "Hangs of engines and of the gRPC process": "one must have hung",
    "GPU memory in use": "the engine needs a GPU",
    "Not let in": "the service needs keys or limits",
}
NOT_A_NUMBER = {"Drift": "it is NaN below 1000 images, and computed once a minute"}
VARIABLES = {"$namespace": ".*", "$pod": ".*", "$instance": ".*", "$model": ".*", "$__rate_interval": "10s"}
QUEUE_ROWS = 8

Send = Callable[[requests.Session], requests.Response]


def fill_in(query: str) -> str:
    for variable, value in VARIABLES.items():
        query = query.replace(variable, value)
    assert "$" not in query
    return query


def list_requests(url: str) -> list[Send]:
    """A digit, three rows at once, failures of a model, and more rows than may wait."""
    digit, slow = make_digit_png(), make_png(5)

    def post(path: str, *pictures: bytes) -> Send:
        return lambda session: session.post(url + path, files=[("f", data) for data in pictures], timeout=30)

    return [
        post("/predict/digits", digit),
        post("/predict/brittle", *[make_png(1)] * 3),  # padded to four
        post("/predict/brittle", make_png(BAD_PIXEL)),
        post("/predict/slow", slow),
        post("/predict/slow", *[slow] * (QUEUE_ROWS + 1)),
    ]


@needs_prometheus
def test_every_query_of_the_dashboard_returns_data(build_model: BuildModel, tmp_path: Path) -> None:
    models = copy_models(build_model, tmp_path / "models", "brittle", "slow")
    shutil.copytree(ROOT / "models/digits", models / "digits")
    missing = [(title, fill_in(query)) for title, query in list_queries(read_dashboard()) if title not in WITHOUT_DATA]
    assert len(missing) > 60
    with (
        run_service(models, Service, grpc_port=0, max_queue_rows=QUEUE_ROWS) as service,
        Prometheus(tmp_path, service.url.removeprefix("http://"), RULES) as prometheus,
    ):
        sends = itertools.cycle(list_requests(service.url))
        (models / "broken/1").mkdir(parents=True)
        (models / "broken/1/saved_model.pb").write_bytes(b"no model")
        started = time.time()

        def has_data(title: str, query: str) -> bool:
            values = prometheus.read_values(query, started, time.time())
            return any(title in NOT_A_NUMBER or math.isfinite(value) for value in values)

        with Load(lambda session: next(sends)(session), threads=4) as load:
            while missing and time.time() < started + 60:
                time.sleep(1)  # as often as it scrapes
                missing = [(title, query) for title, query in missing if not has_data(title, query)]
        assert missing == []
        assert set(load.statuses) == {200, 500, 503}
        [refused] = [a for a in prometheus.get("alerts")["alerts"] if a["labels"]["alertname"] == "InkpawModelRefused"]
        assert refused["state"] == "firing" and "refused a version of broken" in refused["annotations"]["summary"]
