"""`/v2/models/<name>/infer`: JSON and binary tensors in requests and responses, and invalid ones."""

import json
import struct
from base64 import b64encode
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from service.web import inputs
from tests.support.pictures import make_png

IMAGES = np.zeros((3, 28, 28, 1), np.uint8)
IMAGES[:, 0, 0, 0] = (3, 1, 2)
HEADER = "Inference-Header-Content-Length"


def make_input(**changes: object) -> dict[str, Any]:
    return {"name": "images", "shape": [3, 28, 28, 1], "datatype": "UINT8", **changes}


def infer(web: FlaskClient, head: dict[str, Any], blob: bytes = b"", path: str = "/v2/models/echo/infer") -> Any:
    text = json.dumps(head).encode()
    return web.post(path, data=text + blob, headers={HEADER: str(len(text))} if blob else {})


def make_binary_input(**changes: object) -> dict[str, Any]:
    return make_input(parameters={"binary_data_size": IMAGES.nbytes}, **changes)


def test_binary_tensors_are_read_and_returned(web: FlaskClient) -> None:
    answer = infer(
        web, {"id": "7", "inputs": [make_binary_input()], "parameters": {"binary_data_output": True}}, IMAGES.tobytes()
    )
    assert (answer.status_code, answer.content_type) == (200, "application/octet-stream")
    length = int(answer.headers[HEADER])
    head = json.loads(answer.data[:length])
    assert (head["id"], head["model_name"], head["model_version"]) == ("7", "echo", "2")
    (output,) = head["outputs"]
    assert output == {
        "name": "probabilities",
        "shape": [3, 10],
        "datatype": "FP32",
        "parameters": {"binary_data_size": 120},
    }
    probabilities = np.frombuffer(answer.data[length:], "<f4").reshape(3, 10)
    assert probabilities.argmax(axis=1).tolist() == [3, 1, 2]


@pytest.mark.parametrize("data", [IMAGES.ravel().tolist(), IMAGES.tolist()], ids=["flat", "nested"])
def test_json_tensors_are_read_and_returned(web: FlaskClient, data: list[Any]) -> None:
    answer = infer(web, {"inputs": [make_input(data=data)]}, path="/v2/models/echo/versions/1/infer").get_json()
    assert answer["model_version"] == "1" and "id" not in answer
    assert np.reshape(answer["outputs"][0]["data"], (3, 10)).argmax(axis=1).tolist() == [3, 1, 2]


def test_parameter_of_an_output_overrides_that_of_the_request(web: FlaskClient) -> None:
    outputs = [{"name": "probabilities", "parameters": {"binary_data": False}}]
    head = {"inputs": [make_binary_input()], "outputs": outputs, "parameters": {"binary_data_output": True}}
    assert len(infer(web, head, IMAGES.tobytes()).get_json()["outputs"][0]["data"]) == 30


def test_bytes_tensor_holds_encoded_images(web: FlaskClient) -> None:
    images = [make_png(5), make_png(9)]
    blob = b"".join(struct.pack("<I", len(image)) + image for image in images)
    raw = {"name": "images", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": len(blob)}}
    text = {
        "name": "images",
        "shape": [2],
        "datatype": "BYTES",
        "data": [b64encode(image).decode() for image in images],
    }
    for answer in (infer(web, {"inputs": [raw]}, blob), infer(web, {"inputs": [text]})):
        probabilities = np.reshape(answer.get_json()["outputs"][0]["data"], (2, 10))
        assert probabilities.argmax(axis=1).tolist() == [5, 9]


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ({"inputs": [make_input(data=[1])]}, "not UINT8"),
        ({"inputs": [make_input(data=[[1], [1, 2]])]}, "not UINT8"),
        ({"inputs": [make_input(data=IMAGES.astype(float).tolist())]}, "another kind"),
        ({"inputs": [make_input(data=(IMAGES + np.int64(300)).tolist())]}, "range"),
        ({"inputs": [make_input(data="text")]}, "another kind"),
        ({"inputs": [make_input()]}, "another kind"),
        ({"inputs": [make_input(datatype="UINT9", data=[1])]}, "no datatype 'UINT9'"),
        ({"inputs": [make_input(datatype="BYTES", data=["?"])]}, "base64"),
        ({"inputs": [make_input(datatype="BYTES", data=["aGk="])]}, "of the shape [3, 28, 28, 1]"),
        ({"inputs": [make_input(name="other", data=["no number"])]}, "The inputs must be images."),
        ({"inputs": [make_input(data=["no number"]), make_input(name="other")]}, "The inputs must be images."),
        ({"id": "i" * 1025, "inputs": [make_input(data=IMAGES.tolist())]}, "$.id"),
        ({"inputs": [make_input(name="i" * 1025, data=[1])]}, "1024"),
        ({"parameters": {"signature_name": "i" * 1025}, "inputs": [make_input()]}, "1024"),
        ({"inputs": [make_input(name=str(index)) for index in range(10)]}, "at most length 9"),
        ({"inputs": [make_input()], "outputs": [{"name": str(index)} for index in range(10)]}, "at most length 9"),
        ({"inputs": [make_input(parameters={"binary_data_size": 5})]}, "0 are left"),
        ({"inputs": [make_input(data="no list")], "outputs": [{"name": "x"}]}, "no output 'x'"),
        ({}, "inputs"),
    ],
)
def test_wrong_request_is_refused_with_the_reason(web: FlaskClient, head: dict[str, Any], reason: str) -> None:
    answer = infer(web, head)
    assert answer.status_code == 400
    assert reason in answer.get_json()["error"]


@pytest.mark.parametrize(("size", "reason"), [(-1, "left"), (5, "these are 5"), (IMAGES.nbytes + 1, "left")])
def test_binary_size_that_does_not_fit_is_refused(web: FlaskClient, size: int, reason: str) -> None:
    answer = infer(web, {"inputs": [make_input(parameters={"binary_data_size": size})]}, IMAGES.tobytes())
    assert (answer.status_code, reason in answer.get_json()["error"]) == (400, True)


def test_extra_bytes_are_refused(web: FlaskClient) -> None:
    answer = infer(web, {"inputs": [make_binary_input()]}, IMAGES.tobytes() + b"more")
    assert (answer.status_code, "4 bytes" in answer.get_json()["error"]) == (400, True)


@pytest.mark.parametrize("length", ["-1", "x", "", "99999999"])
def test_header_that_is_not_a_length_is_refused(web: FlaskClient, length: str) -> None:
    answer = web.post("/v2/models/echo/infer", data=b"{}", headers={HEADER: length})
    assert (answer.status_code, HEADER in answer.get_json()["error"]) == (400, True)


def test_more_rows_than_the_limit_are_refused(web: FlaskClient) -> None:
    rows = np.zeros((9, 28, 28, 1), np.uint8)
    tensor = make_input(shape=list(rows.shape), parameters={"binary_data_size": rows.nbytes})
    assert infer(web, {"inputs": [tensor]}, rows.tobytes()).status_code == 413


def test_error_for_an_unknown_model_has_the_shape_of_the_protocol(web: FlaskClient) -> None:
    answer = infer(web, {"inputs": []}, path="/v2/models/unknown/infer")
    assert (answer.status_code, type(answer.get_json()["error"])) == (404, str)


MANY_DIGITS = "9" * 4400


def make_json(shape: str, data: str = "[1]") -> str:
    return f'{{"inputs":[{{"name":"images","shape":{shape},"datatype":"UINT8","data":{data}}}]}}'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"inputs":[]}', "no inputs"),
        (make_json(f"[{MANY_DIGITS}]"), "more than 1024"),
        (make_json("[" + "1," * 200_000 + "1]"), "more than 1024"),
        (make_json("[" + "1," * 64 + "1]"), "65 dimensions"),
        (make_json(f"[0,{1 << 70}]"), "dimension"),
        (make_json('"3"'), "JSON"),
        ("[" * 100_000 + "]" * 100_000, "JSON"),
        (make_json("[1]", "[" * 100_000 + "]" * 100_000), "deep"),
        ('{"inputs":[' + "{}," * 100_001 + "{}]}", "objects"),
        ('{"id":"\udcff","inputs":[]}', "JSON"),
    ],
    ids=["empty", "digits", "dimensions", "65", "product", "text", "list", "nested", "objects", "utf-8"],
)
def test_numbers_shapes_and_nesting_are_limited(web: FlaskClient, text: str, reason: str) -> None:
    answer = web.post("/v2/models/echo/infer", data=text.encode(errors="surrogateescape"))
    assert answer.status_code == 400
    assert reason in answer.get_json()["error"]


@pytest.mark.parametrize("field", ["inputs", "outputs"])
def test_tensor_named_twice_is_refused(web: FlaskClient, field: str) -> None:
    head: dict[str, Any] = {"inputs": [make_binary_input()], "outputs": [{"name": "probabilities"}]}
    answer = infer(web, {**head, field: head[field] * 2}, IMAGES.tobytes() * 2)
    assert (answer.status_code, "more than once" in answer.get_json()["error"]) == (400, True)


@pytest.mark.parametrize("shape", [[2], [1 << 31]])
def test_elements_beyond_the_shape_are_not_read(web: FlaskClient, shape: list[int]) -> None:
    blob = bytes(4) * 200_000  # 200,000 empty elements
    head = {"name": "images", "shape": shape, "datatype": "BYTES", "parameters": {"binary_data_size": len(blob)}}
    assert infer(web, {"inputs": [head]}, blob).status_code in (400, 413)


def test_json_of_more_elements_than_the_input_has_is_refused(web: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "_SPARE_COMMAS", 8)
    answer = web.post("/v2/models/echo/infer", data=make_json("[8,28,28,1]", "[" + "NaN," * 7000 + "1]"))
    error = {"error": "The JSON has more elements than the inputs of the model can have."}
    assert (answer.status_code, answer.get_json()) == (413, error)


def test_length_header_of_thousands_of_digits_is_refused(web: FlaskClient) -> None:
    answer = web.post("/v2/models/echo/infer", data=b"{}", headers={HEADER: MANY_DIGITS})
    assert (answer.status_code, HEADER in answer.get_json()["error"]) == (400, True)
