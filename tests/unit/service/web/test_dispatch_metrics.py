"""What is counted per request, and under which labels: clients cannot create series."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from prometheus_client import REGISTRY

from service.catalog import Catalog
from service.errors import Overloaded
from service.ipc import wire
from service.settings import Settings
from service.web.app import App, create_app
from service.web.dispatch import dispatch
from service.web.request import Request
from tests.support.engine import EngineReply, FakeEngine, make_handler, make_reply
from tests.support.pictures import make_png
from tests.unit.service.web.conftest import CATALOG

MADE_UP = 10_000


def read(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"inkpaw_{name}", labels) or 0.0


def count_series() -> int:
    return sum(len(family.samples) for family in REGISTRY.collect())


def list_made_up_paths() -> Iterator[str]:
    forms = (
        "/predict/name{}",
        "/predict/echo/versions/{}9",
        "/predict/echo/labels/name{}",
        "/generate/name{}",
        "/v1/models/name{}:predict",
        "/v1/models/name{}/versions/{}/metadata",
        "/v2/models/name{}/infer",
        "/v2/models/echo/versions/{}7/infer",
    )
    for number in range(MADE_UP):
        yield forms[number % len(forms)].replace("{}", str(number))


def ask(app: App, path: str) -> int:
    """The status of the answer, from the route table and dispatch, as on the fast path."""
    match = app.router.match(path)
    assert match is not None, path
    body = BytesIO(make_png(1))
    request = Request(app.context, path, match.route.methods[0], "", "image/png", 0, lambda _: None, body, None)
    return dispatch(match.route, request, match.spec).status


class KnownCatalog:
    """In place of the engines: the catalog at once, and nothing else."""

    def catalog(self) -> Catalog:
        return CATALOG

    refresh = catalog


def test_ten_thousand_made_up_names_create_no_series(settings: Settings) -> None:
    app = create_app(settings)
    app = App(replace(app.context, engines=KnownCatalog()), app.router)  # type: ignore[arg-type]
    paths = list_made_up_paths()
    statuses = {ask(app, next(paths)) for _ in range(8)}
    before = count_series()
    statuses |= {ask(app, path) for path in paths}
    assert statuses <= {400, 404} and 404 in statuses
    assert count_series() == before


def test_made_up_names_create_no_series_while_nothing_can_answer(settings: Settings) -> None:
    """A refusal is counted by model: one whose model is not known has none."""
    app = create_app(settings)
    assert ask(app, "/predict/name0") == 503
    before = count_series()
    assert {ask(app, f"/predict/name{number}") for number in range(1, 500)} == {503}
    assert count_series() == before


def test_paths_that_lead_nowhere_create_no_series(web: FlaskClient) -> None:
    web.get("/nowhere/0")
    before = count_series()
    for number in range(200):
        assert web.get(f"/nowhere/{number}").status_code == 404
        assert web.open(f"/predict/{number}", method=f"MADEUP{number}").status_code == 405
    assert count_series() == before


def test_refusal_of_the_engine_is_counted_by_model(settings: Settings) -> None:
    def refuse(call: wire.Call, arrays: dict) -> EngineReply:
        if isinstance(call, wire.RunCall):
            return make_reply(wire.ErrorReply(1, Overloaded.code, "full"))
        return make_handler(CATALOG)(call, arrays)

    before = read("rejected_total", reason="overloaded", model="echo")
    with FakeEngine(settings.engine_sockets[0], refuse):
        create_app(settings).test_client().post("/predict/echo", data=make_png(1))
    assert read("rejected_total", reason="overloaded", model="echo") == before + 1


def test_refusal_without_an_engine_is_counted_without_a_model(settings: Settings) -> None:
    before = read("rejected_total", reason="unavailable", model="")
    create_app(settings).test_client().post("/predict/echo", data=make_png(1))
    assert read("rejected_total", reason="unavailable", model="") == before + 1


def sum_rejected() -> float:
    samples = (sample for family in REGISTRY.collect() for sample in family.samples)
    return sum(sample.value for sample in samples if sample.name == "inkpaw_rejected_total")


def test_probe_of_a_service_that_is_not_ready_is_no_refusal(settings: Settings) -> None:
    before = sum_rejected()
    assert create_app(settings).test_client().get("/readyz").status_code == 503
    assert sum_rejected() == before


def test_clients_mistake_is_no_refusal(web: FlaskClient) -> None:
    before = sum_rejected()
    assert web.post("/predict/echo", data=b"text").status_code == 400
    assert sum_rejected() == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict/echo", make_png(3)),
        (
            "/v1/models/echo:predict",
            b'{"instances": [{"b64": "%s"}]}' % b64encode(make_png(3)),
        ),
    ],
)
def test_decoding_is_timed_once_per_request_of_every_protocol(web: FlaskClient, path: str, body: bytes) -> None:
    count, seconds = (read(f"decode_seconds_{part}", model="echo") for part in ("count", "sum"))
    assert web.post(path, data=body).status_code == 200
    assert read("decode_seconds_count", model="echo") == count + 1
    assert 0 < read("decode_seconds_sum", model="echo") - seconds < 5
