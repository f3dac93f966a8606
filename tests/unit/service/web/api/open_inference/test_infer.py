"""`/v2/models/<name>/infer`: JSON and binary tensors, either way, and every mistake in them."""

import json
import struct
from base64 import b64encode
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from tests.support.pictures import make_png

IMAGES = np.zeros((3, 28, 28, 1), np.uint8)
IMAGES[:, 0, 0, 0] = (3, 1, 2)
HEADER = "Inference-Header-Content-Length"


def an_input(**changes: object) -> dict[str, Any]:
    return {"name": "images", "shape": [3, 28, 28, 1], "datatype": "UINT8", **changes}


def infer(web: FlaskClient, head: dict[str, Any], blob: bytes = b"", path: str = "/v2/models/echo/infer") -> Any:
    text = json.dumps(head).encode()
    return web.post(path, data=text + blob, headers={HEADER: str(len(text))} if blob else {})


def binary(**changes: object) -> dict[str, Any]:
    return an_input(parameters={"binary_data_size": IMAGES.nbytes}, **changes)


def test_binary_tensors_both_ways(web: FlaskClient) -> None:
    answer = infer(web, {"id": "7", "inputs": [binary()], "parameters": {"binary_data_output": True}}, IMAGES.tobytes())
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
    shares = np.frombuffer(answer.data[length:], "<f4").reshape(3, 10)
    assert shares.argmax(axis=1).tolist() == [3, 1, 2]


@pytest.mark.parametrize("data", [IMAGES.ravel().tolist(), IMAGES.tolist()], ids=["flat", "nested"])
def test_json_tensors_both_ways(web: FlaskClient, data: list[Any]) -> None:
    answer = infer(web, {"inputs": [an_input(data=data)]}, path="/v2/models/echo/versions/1/infer").get_json()
    assert answer["model_version"] == "1" and "id" not in answer
    assert np.reshape(answer["outputs"][0]["data"], (3, 10)).argmax(axis=1).tolist() == [3, 1, 2]


def test_setting_of_an_output_wins_over_the_requests(web: FlaskClient) -> None:
    outputs = [{"name": "probabilities", "parameters": {"binary_data": False}}]
    head = {"inputs": [binary()], "outputs": outputs, "parameters": {"binary_data_output": True}}
    assert len(infer(web, head, IMAGES.tobytes()).get_json()["outputs"][0]["data"]) == 30


def test_bytes_tensor_holds_encoded_images(web: FlaskClient) -> None:
    pictures = [make_png(5), make_png(9)]
    blob = b"".join(struct.pack("<I", len(each)) + each for each in pictures)
    raw = {"name": "images", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": len(blob)}}
    text = {"name": "images", "shape": [2], "datatype": "BYTES", "data": [b64encode(e).decode() for e in pictures]}
    for answer in (infer(web, {"inputs": [raw]}, blob), infer(web, {"inputs": [text]})):
        shares = np.reshape(answer.get_json()["outputs"][0]["data"], (2, 10))
        assert shares.argmax(axis=1).tolist() == [5, 9]


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ({"inputs": [an_input(data=[1])]}, "not UINT8"),
        ({"inputs": [an_input(data=[[1], [1, 2]])]}, "not UINT8"),
        ({"inputs": [an_input(data=IMAGES.astype(float).tolist())]}, "another kind"),
        ({"inputs": [an_input(data=(IMAGES + np.int64(300)).tolist())]}, "range"),
        ({"inputs": [an_input(data="text")]}, "another kind"),
        ({"inputs": [an_input()]}, "another kind"),
        ({"inputs": [an_input(datatype="UINT9", data=[1])]}, "no datatype 'UINT9'"),
        ({"inputs": [an_input(datatype="BYTES", data=["?"])]}, "base64"),
        ({"inputs": [an_input(datatype="BYTES", data=["aGk="])]}, "1 elements"),
        ({"inputs": [an_input(name="other", datatype="BYTES", data=["aGk="])]}, "does not take"),
        ({"inputs": [an_input(parameters={"binary_data_size": 5})]}, "0 are left"),
        ({"inputs": [an_input(data=IMAGES.tolist())], "outputs": [{"name": "x"}]}, "no output 'x'"),
        ({}, "inputs"),
    ],
)
def test_wrong_request_is_refused_with_the_reason(web: FlaskClient, head: dict[str, Any], reason: str) -> None:
    answer = infer(web, head)
    assert answer.status_code == 400
    assert reason in answer.get_json()["error"]


@pytest.mark.parametrize(("size", "reason"), [(-1, "left"), (5, "these are 5"), (IMAGES.nbytes + 1, "left")])
def test_binary_size_that_does_not_fit_is_refused(web: FlaskClient, size: int, reason: str) -> None:
    answer = infer(web, {"inputs": [an_input(parameters={"binary_data_size": size})]}, IMAGES.tobytes())
    assert (answer.status_code, reason in answer.get_json()["error"]) == (400, True)


def test_surplus_bytes_are_refused(web: FlaskClient) -> None:
    answer = infer(web, {"inputs": [binary()]}, IMAGES.tobytes() + b"more")
    assert (answer.status_code, "4 bytes" in answer.get_json()["error"]) == (400, True)


@pytest.mark.parametrize("length", ["-1", "x", "", "99999999"])
def test_header_that_is_not_a_length_is_refused(web: FlaskClient, length: str) -> None:
    answer = web.post("/v2/models/echo/infer", data=b"{}", headers={HEADER: length})
    assert (answer.status_code, HEADER in answer.get_json()["error"]) == (400, True)


def test_more_rows_than_the_limit_are_refused(web: FlaskClient) -> None:
    rows = np.zeros((9, 28, 28, 1), np.uint8)
    given = an_input(shape=list(rows.shape), parameters={"binary_data_size": rows.nbytes})
    assert infer(web, {"inputs": [given]}, rows.tobytes()).status_code == 413


def test_unknown_model_is_not_found_in_the_protocols_shape(web: FlaskClient) -> None:
    answer = infer(web, {"inputs": []}, path="/v2/models/unheard/infer")
    assert (answer.status_code, type(answer.get_json()["error"])) == (404, str)


HUGE = "9" * 4400


def shaped(shape: str, data: str = "[1]") -> str:
    return f'{{"inputs":[{{"name":"images","shape":{shape},"datatype":"UINT8","data":{data}}}]}}'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"inputs":[]}', "no inputs"),
        (shaped(f"[{HUGE}]"), "more than 1024"),
        (shaped("[" + "1," * 200_000 + "1]"), "more than 1024"),
        (shaped("[" + "1," * 64 + "1]"), "65 dimensions"),
        (shaped(f"[0,{1 << 70}]"), "dimension"),
        (shaped('"3"'), "JSON"),
        ("[" * 100_000 + "]" * 100_000, "JSON"),
        (shaped("[1]", "[" * 100_000 + "]" * 100_000), "deep"),
        ('{"inputs":[' + "{}," * 100_001 + "{}]}", "objects"),
        ('{"id":"\udcff","inputs":[]}', "JSON"),
    ],
    ids=["empty", "digits", "dimensions", "65", "product", "text", "list", "nested", "objects", "utf-8"],
)
def test_numbers_shapes_and_nesting_are_bounded(web: FlaskClient, text: str, reason: str) -> None:
    answer = web.post("/v2/models/echo/infer", data=text.encode(errors="surrogateescape"))
    assert answer.status_code == 400
    assert reason in answer.get_json()["error"]


@pytest.mark.parametrize("field", ["inputs", "outputs"])
def test_tensor_named_twice_is_refused(web: FlaskClient, field: str) -> None:
    head: dict[str, Any] = {"inputs": [binary()], "outputs": [{"name": "probabilities"}]}
    answer = infer(web, {**head, field: head[field] * 2}, IMAGES.tobytes() * 2)
    assert (answer.status_code, "more than once" in answer.get_json()["error"]) == (400, True)


@pytest.mark.parametrize("shape", [[2], [1 << 31]])
def test_elements_beyond_the_shape_are_not_read(web: FlaskClient, shape: list[int]) -> None:
    blob = bytes(4) * 200_000  # as many empty elements
    head = {"name": "images", "shape": shape, "datatype": "BYTES", "parameters": {"binary_data_size": len(blob)}}
    assert infer(web, {"inputs": [head]}, blob).status_code in (400, 413)


def test_length_header_of_thousands_of_digits_is_refused(web: FlaskClient) -> None:
    answer = web.post("/v2/models/echo/infer", data=b"{}", headers={HEADER: HUGE})
    assert (answer.status_code, HEADER in answer.get_json()["error"]) == (400, True)
