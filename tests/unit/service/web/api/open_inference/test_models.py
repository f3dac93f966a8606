"""Server, model and repository of the Open Inference Protocol: a table of paths and replies."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.catalog import Catalog, Model, Signature, TensorSpec, Version
from service.settings import Settings
from service.web.app import create_app
from tests.support.engine import FakeEngine, make_handler

PROJECT = tomllib.loads((Path(__file__).parents[6] / "pyproject.toml").read_text())["project"]
SIGNATURES = {
    "serving_default": Signature(
        (TensorSpec("images", "uint8", (-1, 28)), TensorSpec("any", "string", None)), (TensorSpec("y", "float32", ()),)
    ),
    "other": Signature((TensorSpec("x", "bool", (2,)),), (TensorSpec("y", "int64", (-1,)),)),
}
CATALOG = Catalog(
    1,
    {
        "net": Model(
            "net",
            {
                1: Version(1, "AVAILABLE", "", None, SIGNATURES),
                2: Version(2, "AVAILABLE", "", None, SIGNATURES),
                3: Version(3, "END", "It is broken."),
            },
        ),
        "late": Model("late", {1: Version(1, "LOADING")}),
    },
)
METADATA = {
    "name": "net",
    "versions": ["1", "2"],
    "platform": "tensorflow_savedmodel",
    "inputs": [
        {"name": "images", "datatype": "UINT8", "shape": [-1, 28]},
        {"name": "any", "datatype": "BYTES", "shape": [-1]},
    ],
    "outputs": [{"name": "y", "datatype": "FP32", "shape": []}],
}
OTHER = {
    "inputs": [{"name": "x", "datatype": "BOOL", "shape": [2]}],
    "outputs": [{"name": "y", "datatype": "INT64", "shape": [-1]}],
}
READY = [{"name": "net", "version": number, "state": "READY", "reason": ""} for number in ("1", "2")]
BROKEN = {"name": "net", "version": "3", "state": "UNAVAILABLE", "reason": "It is broken."}
LATE = {"name": "late", "version": "1", "state": "LOADING", "reason": ""}


@pytest.fixture
def web(settings: Settings) -> Iterator[FlaskClient]:
    with FakeEngine(settings.engine_sockets[0], make_handler(CATALOG)):
        yield create_app(settings).test_client()


@pytest.mark.parametrize(
    ("path", "reply"),
    [
        (
            "",
            {
                "name": "inkpaw",
                "version": PROJECT["version"],
                "extensions": ["binary_tensor_data", "model_repository(index)"],
            },
        ),
        ("/health/live", {"live": True}),
        ("/models/net", METADATA),
        ("/models/net/", METADATA),
        ("/models/net/versions/1", METADATA),
        ("/models/net?signature_name=other", METADATA | OTHER),
        ("/models/net/ready", {"name": "net", "ready": True}),
        ("/models/net/versions/1/ready", {"name": "net", "ready": True}),
    ],
)
def test_get_is_answered(web: FlaskClient, path: str, reply: dict[str, Any]) -> None:
    answer = web.get(f"/v2{path}")
    assert (answer.status_code, answer.get_json()) == (200, reply)
    head = web.head(f"/v2{path}")
    assert (head.status_code, head.data, head.content_length) == (200, b"", len(answer.data))


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/health/ready", 503, "Not every model answers yet: late."),
        ("GET", "/models/late/ready", 503, "no version that can answer now"),
        ("GET", "/models/net/versions/3/ready", 503, "no version that can answer now"),
        ("GET", "/models/net/versions/4/ready", 404, "no version 4"),
        ("GET", "/models/unheard/ready", 404, "no model 'unheard'"),
        ("GET", "/models/unheard", 404, "no model 'unheard'"),
        ("GET", "/models/net?signature_name=x", 400, "There are: other, serving_default."),
        ("POST", "/models/net", 405, "method"),
        ("GET", "/models/net/infer", 405, "method"),
        ("GET", "/repository/index", 405, "method"),
        ("POST", "/repository/models/net/load", 404, "nothing at this path"),
    ],
)
def test_mistake_has_the_protocols_shape(web: FlaskClient, method: str, path: str, status: int, reason: str) -> None:
    answer = web.open(f"/v2{path}", method=method)
    assert (answer.status_code, list(answer.get_json())) == (status, ["error"])
    assert reason in answer.get_json()["error"]


@pytest.mark.parametrize(
    ("body", "index"),
    [(b"", [*READY, BROKEN, LATE]), (b"{}", [*READY, BROKEN, LATE]), (b'{"ready": true}', READY)],
)
def test_index_lists_versions(web: FlaskClient, body: bytes, index: list[Any]) -> None:
    answer = web.post("/v2/repository/index", data=body)
    assert (answer.status_code, answer.get_json()) == (200, index)


def test_server_is_not_ready_while_it_drains(web: FlaskClient, settings: Settings) -> None:
    settings.draining_mark.touch()
    answer = web.get("/v2/health/ready")
    assert (answer.status_code, "stopping" in answer.get_json()["error"]) == (503, True)
    assert web.get("/v2/health/live").status_code == 200
