"""`/v2/models/<name>/infer` in every datatype, as JSON and as binary tensors, and what clients add to a request."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from service.catalog import Catalog, Model, Signature, TensorSpec, Version
from service.ipc import wire
from service.settings import Settings
from service.web.app import create_app
from tests.support.engine import EngineReply, FakeEngine, echo, make_handler

HEADER = "Inference-Header-Content-Length"
DATATYPES = {
    "BOOL": ("?", [[True, False], [False, True]]),
    "INT8": ("i1", [[-128, 127], [0, 1]]),
    "INT16": ("<i2", [[-(1 << 15), (1 << 15) - 1], [0, 1]]),
    "INT32": ("<i4", [[-(1 << 31), (1 << 31) - 1], [0, 1]]),
    "INT64": ("<i8", [[-(1 << 63), (1 << 63) - 1], [0, 1]]),
    "UINT8": ("u1", [[0, 255], [1, 2]]),
    "UINT16": ("<u2", [[0, (1 << 16) - 1], [1, 2]]),
    "UINT32": ("<u4", [[0, (1 << 32) - 1], [1, 2]]),
    "UINT64": ("<u8", [[0, (1 << 64) - 1], [1, 2]]),
    "FP16": ("<f2", [[-0.5, 65504.0], [1.0, 0.25]]),
    "FP32": ("<f4", [[-0.5, 2.0**100], [1.0, 0.25]]),
    "FP64": ("<f8", [[-0.5, 1e300], [1.0, 0.1]]),
}
NAMES = {"BOOL": "bool"} | {name: name.lower().replace("fp", "float") for name in DATATYPES if name != "BOOL"}


def make_model(datatype: str) -> Model:
    spec = TensorSpec("x", NAMES[datatype], (-1, 2))
    return Model(datatype, {1: Version(1, "AVAILABLE", "", None, {"serving_default": Signature((spec,), (spec,))})}, {})


CATALOG = Catalog(1, {datatype: make_model(datatype) for datatype in DATATYPES})


@pytest.fixture
def web(settings: Settings) -> Iterator[FlaskClient]:
    answer_status = make_handler(CATALOG)

    def handle(call: wire.Call, arrays: dict[str, Any]) -> EngineReply:
        return echo(call, arrays) if isinstance(call, wire.RunCall) else answer_status(call, arrays)

    with FakeEngine(settings.engine_sockets[0], handle):
        yield create_app(settings).test_client()


@pytest.mark.parametrize("datatype", DATATYPES)
def test_datatype_passes_as_json(web: FlaskClient, datatype: str) -> None:
    rows = DATATYPES[datatype][1]
    for data in (rows, rows[0] + rows[1]):
        tensor = {"name": "x", "shape": [2, 2], "datatype": datatype, "data": data}
        (output,) = web.post(f"/v2/models/{datatype}/infer", json={"inputs": [tensor]}).get_json()["outputs"]
        assert output == {"name": "x", "shape": [2, 2], "datatype": datatype, "data": rows[0] + rows[1]}


@pytest.mark.parametrize("datatype", DATATYPES)
def test_datatype_passes_as_bytes(web: FlaskClient, datatype: str) -> None:
    dtype, rows = DATATYPES[datatype]
    blob = np.array(rows, dtype).tobytes()
    tensor = {"name": "x", "shape": [2, 2], "datatype": datatype, "parameters": {"binary_data_size": len(blob)}}
    head = json.dumps({"inputs": [tensor], "outputs": [{"name": "x", "parameters": {"binary_data": True}}]}).encode()
    answer = web.post(f"/v2/models/{datatype}/infer", data=head + blob, headers={HEADER: str(len(head))})
    length = int(answer.headers[HEADER])
    assert answer.data[length:] == blob
    assert json.loads(answer.data[:length])["outputs"][0]["datatype"] == datatype


def infer(web: FlaskClient, text: str, model: str = "FP32") -> Any:
    return web.post(f"/v2/models/{model}/infer", data=text)


TENSOR = '{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": %s}'


@pytest.mark.parametrize("data", ["[NaN, -Infinity]", '["NaN", "-Infinity"]', "[[NaN,\n-Infinity]]"])
def test_values_without_a_number_in_json_are_read_and_written(web: FlaskClient, data: str) -> None:
    (output,) = infer(web, f'{{"inputs": [{TENSOR % data}]}}').get_json()["outputs"]
    assert output["data"] == ["NaN", "-Infinity"]


@pytest.mark.parametrize("data", ["[NaN, 1e39]", '["nan", 1]', '["1", 1]', "[NaN, nan]", "[-NaN, 1]", '["NaN,1", 1]'])
def test_other_words_are_no_numbers(web: FlaskClient, data: str) -> None:
    answer = infer(web, f'{{"inputs": [{TENSOR % data}]}}')
    assert (answer.status_code, list(answer.get_json())) == (400, ["error"])


def test_integers_have_no_nan(web: FlaskClient) -> None:
    tensor = '{"name": "x", "shape": [1, 2], "datatype": "INT8", "data": [NaN, 1]}'
    assert infer(web, f'{{"inputs": [{tensor}]}}', "INT8").status_code == 400


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ('"id": "7", "model_name": "FP32"', 200),
        ('"parameters": {"sequence_id": 0, "priority": 1, "anything": {"a": []}}', 200),
        ('"outputs": []', 200),
        ('"outputs": [{"name": "x", "parameters": {"classification": 2}}]', 400),
        ('"parameters": 1', 400),
        ('"id": 7', 400),
    ],
)
def test_fields_that_clients_add(web: FlaskClient, fields: str, status: int) -> None:
    answer = infer(web, f'{{{fields}, "inputs": [{TENSOR % "[1, 2]"}]}}')
    assert answer.status_code == status, answer.text
    assert answer.get_json().get("id") == ("7" if '"id": "7"' in fields else None)


def test_shared_memory_is_refused_with_the_reason(web: FlaskClient) -> None:
    tensor = {"name": "x", "shape": [1, 2], "datatype": "FP32", "parameters": {"shared_memory_region": "r"}}
    answer = infer(web, json.dumps({"inputs": [tensor]}))
    assert (answer.status_code, "shared memory" in answer.get_json()["error"].lower()) == (400, True)


@pytest.mark.parametrize("size", [-1, 7, 9, 1 << 40])
def test_lying_binary_size_is_refused(web: FlaskClient, size: int) -> None:
    tensor = {"name": "x", "shape": [1, 2], "datatype": "FP32", "parameters": {"binary_data_size": size}}
    head = json.dumps({"inputs": [tensor]}).encode()
    answer = web.post("/v2/models/FP32/infer", data=head + bytes(8), headers={HEADER: str(len(head))})
    assert (answer.status_code, list(answer.get_json())) == (400, ["error"])
