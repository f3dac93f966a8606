"""Bad requests get a 4xx with an error message, at low cost and without a traceback."""

import io
import time
from base64 import b64encode
from collections.abc import Iterator

import pytest
import requests

from tests.support.pictures import make_bomb, make_digit_png, make_png
from tests.support.processes import read_peak_memory
from tests.support.server import Service


def assert_refused(answer: requests.Response, status: int, code: str) -> str:
    """Check the status, the code and the shape of an error response. Returns its message."""
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
        (make_digit_png()[:-40], "cut short or damaged"),
        (bytes(1000), "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not an image"),
    ],
    ids=["nothing", "text", "only a signature", "cut short", "zero bytes", "postscript"],
)
def test_bytes_that_are_not_an_image_are_refused(service: Service, data: bytes, reason: str) -> None:
    assert reason in assert_refused(service.post("/predict/tiny", data), 400, "bad_image")


def test_image_with_too_many_pixels_is_refused_quickly_and_in_little_memory(service: Service) -> None:
    for _ in range(4):  # so that each worker has answered at least once
        service.post("/predict/tiny", make_digit_png())
    before = {pid: read_peak_memory(pid) for pid in service.worker_pids}
    data = make_bomb()
    for _ in range(4):
        started_at = time.monotonic()
        assert_refused(service.post("/predict/tiny", data), 413, "image_too_large")
        assert time.monotonic() - started_at < 1
    assert all(read_peak_memory(pid) - before[pid] < 20 << 20 for pid in before)


def test_error_names_the_bad_image_among_good_ones(service: Service) -> None:
    files = [("file", data) for data in (make_png(0, 1), b"text", make_png(0, 2))]
    assert assert_refused(service.post("/predict/brittle", files=files), 400, "bad_image").startswith("Image 2 of 3: ")
    instances = [{"b64": b64encode(data).decode()} for data in (make_png(0, 1), make_png(0, 2), b"text")]
    message = assert_refused(service.post("/predict/brittle", json={"instances": instances}), 400, "bad_image")
    assert message.startswith("Image 3 of 3: ")


def test_more_images_than_the_limit_are_refused(service: Service) -> None:
    files = [("file", io.BytesIO(make_png(0, 1))) for _ in range(300)]
    assert "300 images" in assert_refused(service.post("/predict/brittle", files=files), 413, "request_too_large")


def test_a_body_over_the_limit_is_too_large(service: Service) -> None:
    assert_refused(service.post("/predict/tiny", bytes((1 << 20) + 1)), 413, "request_too_large")


def split_into_chunks(data: bytes, size: int = 50) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def test_chunked_body_is_read(service: Service) -> None:
    answer = service.post("/predict/brittle", split_into_chunks(make_png(0, 6)))
    assert answer.json()["predictions"][0]["label"] == "6"


def test_chunked_body_over_the_limit_is_too_large(service: Service) -> None:
    assert_refused(
        service.post("/predict/tiny", split_into_chunks(bytes((1 << 20) + 1), 1 << 16)), 413, "request_too_large"
    )


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
def test_error_names_what_is_wrong_in_the_json(service: Service, body: str, reason: str) -> None:
    answer = service.post("/predict/tiny", body, headers={"Content-Type": "application/json"})
    assert reason in assert_refused(answer, 400, "bad_request")


def test_a_multipart_body_without_files_holds_no_image(service: Service) -> None:
    answer = service.post("/predict/tiny", files={"text": (None, "no file")})
    assert "no image" in assert_refused(answer, 400, "bad_request")


@pytest.mark.parametrize("fields", [{"count": 0}, {"seed": -1}, {"colour": "red"}, {"labels": "x"}, {"format": "gif"}])
def test_invalid_generate_request_is_refused(service: Service, fields: dict[str, object]) -> None:
    assert_refused(service.post("/generate/blot", json=fields), 400, "bad_request")


def test_more_samples_than_the_limit_are_refused(service: Service) -> None:
    assert_refused(service.post("/generate/blot", json={"count": 257, "format": "npy"}), 413, "request_too_large")


def test_unknown_path_is_not_found(service: Service) -> None:
    assert_refused(service.get("/nothing/here"), 404, "not_found")
