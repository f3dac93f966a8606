"""The three ways to send images, each with its own mistakes."""

import io
import json
import time
from base64 import b64encode

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from service.errors import BadRequest, RequestTimeout, RequestTooLarge
from service.web.body import Upload, read, uploads

MOST_BYTES = 1 << 20


def asked(**given: object) -> Request:
    return Request(EnvironBuilder("/", method="POST", **given).get_environ())  # type: ignore[arg-type]


def streamed(stream: io.BytesIO) -> Request:
    """A request with a body in chunks: nobody says how long it is."""
    environ = EnvironBuilder("/", method="POST", input_stream=stream).get_environ()
    del environ["CONTENT_LENGTH"]
    return Request(environ | {"wsgi.input_terminated": True})


def instances(*images: bytes) -> dict[str, object]:
    return {"instances": [{"b64": b64encode(image).decode()} for image in images]}


def files(*fields: tuple[str, bytes]) -> Request:
    """A multipart request with these files in this order."""
    parts = [
        b'--cut\r\nContent-Disposition: form-data; name="%s"; filename="f"\r\n\r\n%s\r\n' % (name.encode(), data)
        for name, data in fields
    ]
    return asked(data=b"".join(parts) + b"--cut--\r\n", content_type="multipart/form-data; boundary=cut")


def taken(request: Request, most: int = 10) -> list[Upload]:
    body = read(request.stream, request.content_length, MOST_BYTES, time.monotonic() + 5)
    return uploads(body, request.headers.get("Content-Type", ""), most)


def images(request: Request) -> list[bytes]:
    return [upload.data for upload in taken(request)]


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "", "application/x-www-form-urlencoded"])
def test_a_raw_body_is_one_image_whatever_it_is_called(kind: str) -> None:
    assert taken(asked(data=b"\x00bytes", content_type=kind)) == [Upload(b"\x00bytes", "The image")]


def test_json_holds_images_in_base64() -> None:
    assert images(asked(json=instances(b"one", b"two"))) == [b"one", b"two"]


def test_files_come_in_the_order_sent() -> None:
    assert images(files(("file", b"one"), ("file", b"two"), ("file", b"three"))) == [b"one", b"two", b"three"]


def test_files_of_several_fields_come_in_the_order_sent() -> None:
    assert images(files(("a", b"one"), ("b", b"two"), ("a", b"three"))) == [b"one", b"two", b"three"]


def test_of_several_images_each_is_called_by_its_place() -> None:
    assert [upload.title for upload in taken(asked(json=instances(b"x", b"y")))] == [
        "Image 1 of 2",
        "Image 2 of 2",
    ]


@pytest.mark.parametrize(
    "request_",
    [asked(json=instances()), files(), asked(data={"text": "no file"}, content_type="multipart/form-data")],
    ids=["json", "no parts", "no file"],
)
def test_none_is_too_few(request_: Request) -> None:
    with pytest.raises(BadRequest, match="no image"):
        taken(request_)


@pytest.mark.parametrize(
    "request_", [asked(json=instances(*[b"x"] * 4)), files(*[("file", b"x")] * 4)], ids=["json", "files"]
)
def test_more_than_may_be_are_too_many(request_: Request) -> None:
    with pytest.raises(RequestTooLarge, match=r"4 images.* 3 "):
        taken(request_, 3)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"\xff\xfe", "malformed"),
        (b"[]", "object"),
        (b"{}", "instances"),
        (b'{"instances": {"b64": ""}}', "array"),
        (b'{"instances": ["aGk="]}', "object"),
        (b'{"instances": [{}]}', "b64"),
        (b'{"instances": [{"b64": "not base64!"}]}', "base64"),
        (b'{"instances": [{"b64": 7}]}', "b64"),
        (b'{"instances": [{"b64": "aGk="}], "top": 3}', "top"),
        (b'{"instances": [{"b64": "aGk=", "name": "x"}]}', "name"),
        (b"[" * 100_000, "object"),
    ],
)
def test_json_of_another_form_is_told_where_it_differs(body: bytes, reason: str) -> None:
    with pytest.raises(BadRequest, match=f"(?i){reason}"):
        taken(asked(data=body, content_type="application/json"))


def test_file_data_is_not_read_as_text() -> None:
    every = bytes(range(256)) * 3
    assert images(files(("file", every))) == [every]
    assert images(asked(data=io.BytesIO(every), content_type="image/png")) == [every]
    assert images(asked(data=json.dumps(instances(every)), content_type="application/json; charset=utf-8")) == [every]


def test_a_body_of_unknown_length_is_read_to_its_end() -> None:
    body = bytes(range(256)) * 4000
    assert images(streamed(io.BytesIO(body))) == [body]


@pytest.mark.parametrize("told", [True, False], ids=["of known length", "of unknown length"])
def test_a_body_over_the_limit_is_not_read_on(told: bool) -> None:
    stream = io.BytesIO(bytes(8 * MOST_BYTES))
    with pytest.raises(RequestTooLarge):
        taken(asked(input_stream=stream) if told else streamed(stream))
    assert stream.tell() < 2 * MOST_BYTES


def test_a_body_of_just_the_limit_is_taken() -> None:
    assert images(asked(data=bytes(MOST_BYTES))) == [bytes(MOST_BYTES)]


def test_a_body_that_trickles_past_the_deadline_is_given_up() -> None:
    with pytest.raises(RequestTimeout):
        read(io.BytesIO(b"x"), 1, MOST_BYTES, time.monotonic() - 1)


@pytest.mark.parametrize("broken", [b"", b"--cut\r\nContent-Disposition: form-data", b"--other--\r\n", b"no parts"])
def test_a_broken_multipart_is_refused(broken: bytes) -> None:
    with pytest.raises(BadRequest):
        taken(asked(data=broken, content_type="multipart/form-data; boundary=cut"))


def test_multipart_without_a_boundary_is_refused() -> None:
    with pytest.raises(BadRequest):
        taken(asked(data=b"--cut--", content_type="multipart/form-data"))


def test_parts_without_end_are_too_many() -> None:
    with pytest.raises(RequestTooLarge):
        taken(files(*[("file", b"x")] * 100), most=3)
