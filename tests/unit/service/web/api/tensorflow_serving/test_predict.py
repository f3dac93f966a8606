"""`/v1/models/<name>:predict` as TensorFlow Serving has it: a table of requests and replies."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from numpy.typing import NDArray
from prometheus_client import REGISTRY

from service.catalog import Catalog, Model, Signature, TensorSpec, Version
from service.ipc import wire
from service.settings import Settings
from service.web import inputs
from tests.support.engine import EngineReply, FakeEngine, make_handler, make_run_reply
from tests.support.pictures import make_png
from tests.unit.service.web.conftest import CATALOG

Outputs = dict[str, NDArray]


def spec(name: str, dtype: str = "float32", shape: tuple[int, ...] | None = (-1,)) -> TensorSpec:
    return TensorSpec(name, dtype, shape)


def make_model(name: str, *inputs: TensorSpec, batched: bool = True) -> Model:
    signature = Signature(inputs, (), batched)
    version = Version(1, "AVAILABLE", "", None, {"serving_default": signature, "other": signature})
    return Model(name, {1: version}, {"stable": 1})


FOREIGN: dict[str, tuple[Model, Callable[[Outputs], Outputs]]] = {
    "half": (make_model("half", spec("x")), lambda inputs: {"y": inputs["x"] / 2 + 3}),
    "pair": (
        make_model("pair", spec("a"), spec("s", "string")),
        lambda inputs: {"a": inputs["a"], "s": inputs["s"]},
    ),
    "image": (make_model("image", spec("s", "string")), lambda inputs: {"raw_bytes": inputs["s"]}),
    "text": (make_model("text", spec("s", "string", None)), lambda inputs: {"text": inputs["s"]}),
    "flags": (make_model("flags", spec("x", "bool", (-1, 2))), lambda inputs: {"y": ~inputs["x"]}),
    "whole": (
        make_model("whole", spec("x", "int64", ()), batched=False),
        lambda inputs: {"y": inputs["x"], "n": np.arange(2)},
    ),
    "b64": (make_model("b64", spec("b64", "string")), lambda inputs: {"y": inputs["b64"]}),
}


@pytest.fixture
def engine(settings: Settings) -> Iterator[FakeEngine]:
    catalog = Catalog(1, CATALOG.models | {name: model for name, (model, _) in FOREIGN.items()})
    others = make_handler(catalog)

    def handle(call: wire.Call, arrays: Outputs) -> EngineReply:
        if isinstance(call, wire.RunCall) and call.model in FOREIGN:
            return make_run_reply(FOREIGN[call.model][1](arrays))
        return others(call, arrays)

    with FakeEngine(settings.engine_sockets[0], handle) as engine:
        yield engine


def post(web: FlaskClient, name: str, body: str | bytes, **options: Any) -> Any:
    return web.post(f"/v1/models/{name}:predict", data=body, **options)


@pytest.mark.parametrize(
    ("name", "body", "reply"),
    [
        ("half", '{"instances": [1.0,2.0,5.0]}', '{"predictions":[3.5,4.0,5.5]}'),
        ("half", '{"inputs": [1.0,2.0,5.0]}', '{"outputs":[3.5,4.0,5.5]}'),
        ("half", '{"instances": [{"x": 1},\n {"x": 2e0}]}', '{"predictions":[3.5,4.0]}'),
        ("half", '{"inputs": {"x": [1], "ignored": [[[]]]}}', '{"outputs":[3.5]}'),
        ("half", '{"signature_name": "other", "instances": [1]}', '{"predictions":[3.5]}'),
        ("half", '{"instances": [NaN, -Infinity, Infinity, 1]}', '{"predictions":[NaN,-Infinity,Infinity,3.5]}'),
        ("half", '{"instances": [0.2]}', '{"predictions":[3.1]}'),
        ("half/versions/1", '{"instances": [1]}', '{"predictions":[3.5]}'),
        ("half/labels/stable", '{"instances": [1]}', '{"predictions":[3.5]}'),
        (
            "pair",
            '{"instances": [{"a": 1, "s": "x"}, {"s": {"b64": "eQ=="}, "a": NaN}]}',
            '{"predictions":[{"a":1.0,"s":"x"},{"a":NaN,"s":"y"}]}',
        ),
        ("pair", '{"inputs": {"a": [1, 2], "s": ["NaN", ""]}}', '{"outputs":{"a":[1.0,2.0],"s":["NaN",""]}}'),
        ("image", '{"instances": [{"b64": "/9g="}]}', '{"predictions":[{"b64":"/9g="}]}'),
        ("image", '{"instances": [{"s": {"b64": "/9g="}}]}', '{"predictions":[{"b64":"/9g="}]}'),
        ("image", '{"inputs": {"s": [{"b64": "_9g"}, "ink"]}}', '{"outputs":[{"b64":"/9g="},{"b64":"aW5r"}]}'),
        ("text", '{"instances": ["ink", "[\\"paw,\\u00e9\\\\"]}', '{"predictions":["ink","[\\"paw,é\\\\"]}'),
        ("text", '{"inputs": {"b64": "aW5r"}}', '{"outputs":"ink"}'),
        ("text", '{"inputs": [["a", {"b64": "_9g"}]]}', '{"outputs":[[{"b64":"YQ=="},{"b64":"/9g="}]]}'),
        ("flags", '{"instances": [[true, false], [false, false]]}', '{"predictions":[[false,true],[true,true]]}'),
        ("whole", '{"inputs": 9007199254740993}', '{"outputs":{"y":9007199254740993,"n":[0,1]}}'),
        ("b64", '{"instances": [{"b64": "aW5r"}]}', '{"predictions":["ink"]}'),
    ],
)
def test_reply_is_tensorflow_servings(web: FlaskClient, name: str, body: str, reply: str) -> None:
    answer = post(web, name, body)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.text == reply


IMAGE = b64encode(make_png(7)).decode()


@pytest.mark.parametrize(
    ("name", "body", "status", "reason"),
    [
        ("half", "", 400, "truncated"),
        ("half", "[1]", 400, "object"),
        ("half", '{"instances": [1', 400, "truncated"),
        ("half", "{}", 400, "either 'instances', for rows, or 'inputs', for columns"),
        ("half", '{"instances": [1], "inputs": [1]}', 400, "either"),
        ("half", '{"instances": []}', 400, "empty"),
        ("half", '{"instances": 1}', 400, "must be a list"),
        ("half", '{"instances": null}', 400, "must be a list"),
        ("half", '{"instances": [1], "signature_name": 1}', 400, "signature_name"),
        ("half", '{"instances": [1], "signature_name": "x"}', 400, "no signature 'x'. There are: other, serving_def"),
        ("half", '{"instances": [[1, 2], [3]]}', 400, "different lengths"),
        ("half", '{"instances": [[1], [2, 3]]}', 400, "different lengths"),
        ("half", '{"instances": [1, [2]]}', 400, "different lengths"),
        ("half", '{"instances": ["a"]}', 400, "not FP32 [1]: its data are of another kind"),
        ("half", '{"instances": [null]}', 400, "another kind"),
        ("half", '{"instances": [1e39]}', 400, "range"),
        ("half", '{"instances": [{"b64": "aGk="}]}', 400, "not FP32"),
        ("half", '{"instances": [{"y": 1}]}', 400, "unknown field `y`"),
        ("half", '{"instances": [{"x": 1}, 2]}', 400, "object"),
        ("half", '{"inputs": {"y": 1}}', 400, "missing required field `x`"),
        ("half", '{"instances": [1,1,1,1,1,1,1,1,1]}', 413, "9 rows; at most 8"),
        ("half", '{"instances": ' + "[" * 33 + "]" * 33 + "}", 400, "33 dimensions"),
        ("half", '{"instances": ' + "[" * 100_000 + "]" * 100_000 + "}", 400, "deep"),
        ("half", '{"instances": [' + "{}," * 100_001 + "{}]}", 400, "objects"),
        ("half", '{"instances": [' + "9" * 4400 + "]}", 400, "another kind"),
        ("pair", '{"instances": [1]}', 400, "each instance must be an object of a, s"),
        ("pair", '{"instances": [{"a": 1}]}', 400, "missing required field `s`"),
        ("pair", '{"inputs": [1]}', 400, "'inputs' must be an object of a, s"),
        ("image", '{"instances": [1]}', 400, "texts"),
        ("image", '{"instances": [{"b64": "?"}]}', 400, "not base64"),
        ("image", '{"instances": [{"b64": 7}]}', 400, "texts"),
        ("image", '{"instances": ["a", {"b64": "aGk=", "x": 1}]}', 400, ""),
        ("text", '{"inputs": [' + '"",' * 300_000 + '""]}', 400, "65536"),
        ("whole", '{"inputs": 1.5}', 400, "another kind"),
        ("whole", '{"instances": [1]}', 400, "no rows in common"),
        ("echo", '{"instances": ["a"]}', 400, "another kind"),
        ("echo", '{"instances": [{"b64": "aGk="}]}', 400, "The image: These bytes are not an image"),
        ("echo", f'{{"instances": [{{"b64": "{IMAGE}"}}, {{"b64": "aGk="}}]}}', 400, "Image 2 of 2"),
        ("echo", '{"instances": [{"b64": ""}, [1]]}', 400, "different lengths"),
        ("echo", '{"instances": [[{"b64": "aGk="}]]}', 400, "a list of encoded images"),
        ("blot", '{"instances": [{"b64": "aGk="}]}', 400, "not UINT8"),
        ("half/versions/9", '{"instances": [1]}', 404, "no version 9"),
        ("half/labels/gold", '{"instances": [1]}', 400, "no label 'gold'"),
        ("unheard", '{"instances": [1]}', 404, "no model 'unheard'"),
        ("unheard/labels/gold", '{"instances": [1]}', 404, "no model 'unheard'"),
        ("late", '{"instances": [1]}', 503, "no version that can answer now"),
        ("plain", '{"instances": [1]}', 400, "no signature"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_wrong_request_is_refused_in_the_protocols_shape(
    web: FlaskClient, name: str, body: str, status: int, reason: str
) -> None:
    answer = post(web, name, body)
    assert (answer.status_code, list(answer.get_json())) == (status, ["error"]), answer.text
    assert reason in answer.get_json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        {"instances": [{"b64": IMAGE}]},
        {"instances": [{"images": {"b64": IMAGE}}]},
        {"inputs": [{"b64": IMAGE}]},
        {"inputs": {"images": [{"b64": IMAGE}]}},
        {"inputs": {"images": {"b64": "data:image/png;base64," + IMAGE}}},
        {"instances": [np.full((28, 28, 1), 7).tolist()]},
        {"instances": [{"images": np.full((28, 28, 1), 7).tolist()}]},
        {"inputs": np.full((1, 28, 28, 1), 7).tolist()},
    ],
)
def test_images_are_arrays_or_encoded(web: FlaskClient, body: dict[str, Any]) -> None:
    reply = post(web, "echo", json.dumps(body)).get_json()
    ((probabilities,),) = reply.values()
    assert np.argmax(probabilities) == 7


@pytest.mark.parametrize(
    "body",
    ['{"instances": [' + "[7]," * 99 + "[7]]}", '{"inputs": {' + '"o": [1],' * 99 + '"x": [1]}}'],
    ids=["rows", "columns"],
)
def test_json_of_more_elements_than_the_input_has_is_refused(
    web: FlaskClient, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    monkeypatch.setattr(inputs, "_SPARE_COMMAS", 8)
    answer = post(web, "flags", body)
    error = {"error": "The JSON has more elements than the inputs of the model can have."}
    assert (answer.status_code, answer.get_json()) == (413, error)


def test_name_of_a_signature_is_limited(web: FlaskClient) -> None:
    answer = post(web, "half", json.dumps({"signature_name": "x" * 1025, "instances": [1]}))
    assert (answer.status_code, "length <= 1024" in answer.get_json()["error"]) == (400, True)


def test_several_outputs_are_named(web: FlaskClient) -> None:
    (row,) = post(web, "wary", json.dumps({"instances": [{"b64": IMAGE}]})).get_json()["predictions"]
    assert (np.argmax(row["probabilities"]), row["outlier_score"]) == (7, 0.7)
    columns = post(web, "wary", json.dumps({"inputs": [{"b64": IMAGE}]})).get_json()["outputs"]
    assert columns["outlier_score"] == [0.7]


def test_predictions_and_requests_are_counted(web: FlaskClient) -> None:
    def count(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, {"model": "echo", "version": "1", **labels}) or 0.0

    before = count("inkpaw_predictions_total", label="7")
    post(web, "echo/versions/1", json.dumps({"instances": [{"b64": IMAGE}] * 2}))
    assert count("inkpaw_predictions_total", label="7") - before == 2
    assert count("inkpaw_requests_total", protocol="v1", status="200") >= 1
