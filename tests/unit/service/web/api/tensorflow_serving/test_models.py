"""Status, metadata and what is not offered, in TensorFlow Serving's form."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.catalog import Catalog, Model, Signature, TensorSpec, Version
from service.settings import Settings
from service.web.app import create_app
from tests.support.engine import FakeEngine, make_handler

METHOD = "tensorflow/serving/predict"
SIGNATURE = Signature(
    (TensorSpec("images", "uint8", (-1, 28), "in:0"), TensorSpec("any", "string", None, "any:0")),
    (TensorSpec("half", "float16", (), "out:0"), TensorSpec("y", "float64", (-1,), "out:1")),
    False,
    METHOD,
)
CATALOG = Catalog(
    1,
    {
        "net": Model(
            "net",
            {
                2: Version(2, "AVAILABLE", "", None, {"serving_default": SIGNATURE}),
                3: Version(3, "END", "It is broken."),
            },
            {"stable": 2, "gone": 9},
        ),
        "late": Model("late", {1: Version(1, "LOADING")}),
    },
)


@pytest.fixture
def web(settings: Settings) -> Iterator[FlaskClient]:
    with FakeEngine(settings.engine_sockets[0], make_handler(CATALOG)):
        yield create_app(settings).test_client()


def describe(number: int, state: str = "AVAILABLE", code: str = "OK", message: str = "") -> dict[str, Any]:
    return {"version": str(number), "state": state, "status": {"error_code": code, "error_message": message}}


BROKEN = describe(3, "END", "UNKNOWN", "It is broken.")


@pytest.mark.parametrize(
    ("path", "versions", "ready"),
    [
        ("net", [BROKEN, describe(2)], True),
        ("net/versions/2", [describe(2)], True),
        ("net/versions/3", [BROKEN], False),
        ("net/labels/stable", [describe(2)], True),
        ("late", [describe(1, "LOADING")], False),
        ("net/", [BROKEN, describe(2)], True),
    ],
)
def test_status_lists_versions(web: FlaskClient, path: str, versions: list[Any], ready: bool) -> None:
    answer = web.get(f"/v1/models/{path}")
    assert (answer.status_code, answer.get_json()) == (200, {"model_version_status": versions, "ready": ready})


def dims(*sizes: str) -> dict[str, Any]:
    return {"dim": [{"size": size, "name": ""} for size in sizes], "unknown_rank": False}


@pytest.mark.parametrize("path", ["net", "net/versions/2", "net/labels/stable"])
def test_metadata_is_protobufs_json(web: FlaskClient, path: str) -> None:
    signature = {
        "inputs": {
            "images": {"dtype": "DT_UINT8", "tensor_shape": dims("-1", "28"), "name": "in:0"},
            "any": {"dtype": "DT_STRING", "tensor_shape": {"dim": [], "unknown_rank": True}, "name": "any:0"},
        },
        "outputs": {
            "half": {"dtype": "DT_HALF", "tensor_shape": dims(), "name": "out:0"},
            "y": {"dtype": "DT_DOUBLE", "tensor_shape": dims("-1"), "name": "out:1"},
        },
        "method_name": METHOD,
    }
    assert web.get(f"/v1/models/{path}/metadata").get_json() == {
        "model_spec": {"name": "net", "signature_name": "", "version": "2"},
        "metadata": {"signature_def": {"signature_def": {"serving_default": signature}}},
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        (
            "POST",
            "/v1/models/net:classify",
            404,
            "classify is not offered here. Send the inputs to POST /v1/models/net",
        ),
        ("POST", "/v1/models/net/versions/2:regress", 404, "regress is not offered here"),
        ("POST", "/v1/models/net/labels/x:classify", 400, "no label 'x'"),
        ("POST", "/v1/models/unheard:regress", 404, "no model 'unheard'"),
        ("GET", "/v1/models/unheard", 404, "no model 'unheard'"),
        ("GET", "/v1/models/unheard/metadata", 404, "no model 'unheard'"),
        ("GET", "/v1/models/net/versions/9", 404, "no such version"),
        ("GET", "/v1/models/net/versions/9/metadata", 404, "no version 9"),
        ("GET", "/v1/models/net/labels/gone", 404, "no such version"),
        ("GET", "/v1/models/net/labels/x", 400, "no label 'x'"),
        ("GET", "/v1/models/net/labels/x/metadata", 400, "no label 'x'"),
        ("GET", "/v1/models/late/metadata", 503, "no version that can answer now"),
        ("GET", "/v1", 400, "nothing at this path"),
        ("GET", "/v1/models", 400, "nothing at this path"),
        ("POST", "/v1/models/net:explain", 400, "nothing at this path"),
        ("GET", "/v1/models/net:predict", 405, "does not take this method"),
        ("POST", "/v1/models/net", 405, "does not take this method"),
        ("DELETE", "/v1/models/net/metadata", 405, "does not take this method"),
    ],
)
def test_mistake_has_tensorflow_servings_status_and_shape(
    web: FlaskClient, method: str, path: str, status: int, reason: str
) -> None:
    answer = web.open(path, method=method, data=b"{}" if method == "POST" else None)
    assert (answer.status_code, list(answer.get_json())) == (status, ["error"])
    assert reason in answer.get_json()["error"]
