"""All errors have one shape, without a traceback."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.errors import DeadlineExceeded, InkpawError, Overloaded
from service.ipc import wire
from service.settings import Settings
from service.web.api.native import predict
from service.web.app import create_app
from tests.support.engine import EngineReply, FakeEngine, make_reply
from tests.support.pictures import make_png
from tests.unit.service.web.conftest import CATALOG


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing/here", 404, "not_found"),
        ("POST", "/predict/unknown", 404, "model_not_found"),
        ("POST", "/predict/echo/versions/9", 404, "model_not_found"),
        ("POST", "/predict/echo/versions/99999999999999999999999", 404, "model_not_found"),
        ("POST", "/predict/echo/versions/-1", 404, "not_found"),
        ("POST", "/predict/echo/labels/unknown", 404, "model_not_found"),
        ("POST", "/predict/echo//", 404, "not_found"),
        ("GET", "/predict/echo", 405, "method_not_allowed"),
        ("DELETE", "/generate/blot", 405, "method_not_allowed"),
        ("POST", "/readyz", 405, "method_not_allowed"),
    ],
)
def test_client_error_has_its_status_and_code(web: FlaskClient, method: str, path: str, status: int, code: str) -> None:
    answer = web.open(path, method=method, data=make_png(1) if method == "POST" else None)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (status, code)
    assert answer.content_type == "application/json"
    assert set(answer.get_json()) == {"error"}


def test_wrong_method_is_refused_with_the_list_of_allowed_ones(web: FlaskClient) -> None:
    assert {method.strip() for method in web.get("/predict/echo").headers["Allow"].split(",")} == {"POST", "OPTIONS"}


@pytest.mark.parametrize("kind", [Overloaded, DeadlineExceeded, InkpawError])
def test_error_of_the_engine_reaches_the_client(settings: Settings, kind: type[InkpawError]) -> None:
    def handle(call: wire.Call, _: object) -> EngineReply:
        if isinstance(call, wire.CatalogCall):
            return make_reply(wire.CatalogReply(CATALOG))
        return make_reply(wire.ErrorReply(1, kind.code, "as it is"))

    with FakeEngine(settings.engine_sockets[0], handle):
        response = create_app(settings).test_client().post("/predict/echo", data=make_png(1))
    assert response.status_code == kind.status
    assert response.get_json()["error"] == {"code": kind.code, "message": "as it is"}
    assert response.headers.get("Retry-After") == (str(kind.retry_after) if kind.retry_after else None)


def test_without_an_engine_clients_are_asked_to_retry(settings: Settings) -> None:
    web = create_app(settings).test_client()
    for answer in (web.post("/predict/echo", data=make_png(1)), web.get("/readyz"), web.get("/generate/blot")):
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "unavailable")
        assert answer.headers["Retry-After"]


def test_unexpected_error_reveals_nothing(web: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_error(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(predict, "read_uploads", raise_error)
    answer = web.post("/predict/echo", data=make_png(1))
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (500, "internal")
    assert b"secret" not in answer.data and b"Traceback" not in answer.data and b"Zero" not in answer.data


def test_body_over_the_limit_is_refused(web: FlaskClient, settings: Settings) -> None:
    answer = web.post("/predict/echo", data=bytes(settings.max_body_bytes + 1))
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (413, "request_too_large")


def test_not_ready_from_the_first_moment_of_draining(settings: Settings, web: FlaskClient) -> None:
    before = web.get("/readyz").get_json()["error"]["message"]
    assert "late" in before, "a loading model must keep the service from being ready"
    Path(settings.draining_mark).touch()
    assert "stopping" in web.get("/readyz").get_json()["error"]["message"]
    assert web.post("/predict/echo", data=make_png(1)).status_code == 200


def test_index_lists_the_models(web: FlaskClient) -> None:
    models = web.get("/").get_json()["models"]
    assert {(model["model"], model["at"]) for model in models} == {
        ("echo", "/predict/echo"),
        ("wary", "/predict/wary"),
        ("blot", "/generate/blot"),
        ("seer", "/predict/seer"),
        ("walker", "/generate/walker"),
    }
