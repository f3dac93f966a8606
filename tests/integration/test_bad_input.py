"""What is wrong with a request is told with its own 4xx, at little cost, and never with a traceback."""

import io
import time
from base64 import b64encode
from collections.abc import Iterator

import pytest
import requests

from tests.support.pictures import bomb, digit, told
from tests.support.processes import peak_memory
from tests.support.server import Service


def refused(answer: requests.Response, status: int, code: str) -> str:
    """The error's text, of an answer of this status and code and the right shape."""
    assert "Traceback" not in answer.text
    assert (answer.status_code, set(answer.json()), set(answer.json()["error"])) == (
        status,
        {"error"},
        {"code", "message"},
    )
    assert answer.json()["error"]["code"] == code
    return str(answer.json()["error"]["message"])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"hello, this is text", "not an image"),
        (b"\x89PNG\r\n\x1a\n", "cut short or damaged"),
        (digit()[:-40], "cut short or damaged"),
        (bytes(1000), "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not an image"),
    ],
    ids=["nothing", "text", "only a signature", "cut short", "zero bytes", "postscript"],
)
def test_bytes_that_are_not_an_image_are_refused(service: Service, data: bytes, reason: str) -> None:
    assert reason in refused(service.post("/predict/tiny", data), 400, "bad_image")


def test_an_image_with_too_many_pixels_costs_neither_time_nor_memory(service: Service) -> None:
    for _ in range(4):  # each worker has answered once
        service.post("/predict/tiny", digit())
    before = {pid: peak_memory(pid) for pid in service.workers}
    data = bomb()
    for _ in range(4):
        began = time.monotonic()
        refused(service.post("/predict/tiny", data), 413, "image_too_large")
        assert time.monotonic() - began < 1
    assert all(peak_memory(pid) - before[pid] < 20 << 20 for pid in before)


def test_a_bad_image_among_good_ones_is_named(service: Service) -> None:
    files = [("file", data) for data in (told(0, 1), b"text", told(0, 2))]
    assert refused(service.post("/predict/brittle", files=files), 400, "bad_image").startswith("Image 2 of 3: ")
    instances = [{"b64": b64encode(data).decode()} for data in (told(0, 1), told(0, 2), b"text")]
    told_ = refused(service.post("/predict/brittle", json={"instances": instances}), 400, "bad_image")
    assert told_.startswith("Image 3 of 3: ")


def test_more_images_than_the_limit_are_refused(service: Service) -> None:
    files = [("file", io.BytesIO(told(0, 1))) for _ in range(300)]
    assert "300 images" in refused(service.post("/predict/brittle", files=files), 413, "request_too_large")


def test_a_body_over_the_limit_is_too_large(service: Service) -> None:
    refused(service.post("/predict/tiny", bytes((1 << 20) + 1)), 413, "request_too_large")


def chunks(data: bytes, size: int = 50) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def test_a_body_in_chunks_is_read(service: Service) -> None:
    answer = service.post("/predict/brittle", chunks(told(0, 6)))
    assert answer.json()["predictions"][0]["label"] == "6"


def test_a_body_in_chunks_over_the_limit_is_too_large(service: Service) -> None:
    refused(service.post("/predict/tiny", chunks(bytes((1 << 20) + 1), 1 << 16)), 413, "request_too_large")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "truncated"),
        ("{", "truncated"),
        ("[1]", "object"),
        ('{"instances": []}', "no image"),
        ('{"instances": [{"b64": "no base64 at all"}]}', "base64"),
        ('{"instances": [{"b64": "aGk="}], "parameters": 1}', "parameters"),
        ('{"instances": [{"b64": "aGk=", "url": "http://x"}]}', "url"),
    ],
)
def test_error_says_where_json_of_another_form_differs(service: Service, body: str, reason: str) -> None:
    answer = service.post("/predict/tiny", body, headers={"Content-Type": "application/json"})
    assert reason in refused(answer, 400, "bad_request")


def test_a_multipart_body_without_files_holds_no_image(service: Service) -> None:
    answer = service.post("/predict/tiny", files={"text": (None, "no file")})
    assert "no image" in refused(answer, 400, "bad_request")


@pytest.mark.parametrize("ask", [{"count": 0}, {"seed": -1}, {"colour": "red"}, {"labels": "x"}, {"format": "gif"}])
def test_senseless_generate_request_is_refused(service: Service, ask: dict[str, object]) -> None:
    refused(service.post("/generate/blot", json=ask), 400, "bad_request")


def test_more_samples_than_the_limit_are_refused(service: Service) -> None:
    refused(service.post("/generate/blot", json={"count": 257, "format": "npy"}), 413, "request_too_large")


def test_unknown_path_is_not_found(service: Service) -> None:
    refused(service.get("/nothing/here"), 404, "not_found")
