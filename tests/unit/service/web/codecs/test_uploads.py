"""Images in raw bodies, JSON and multipart forms, and what is refused in each."""

import io
import json
from base64 import b64encode

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from service.errors import BadRequest, RequestTooLarge
from service.web.codecs.uploads import Upload, read_uploads


def make_request(**options: object) -> Request:
    return Request(EnvironBuilder("/", method="POST", **options).get_environ())  # type: ignore[arg-type]


def make_instances(*images: bytes) -> dict[str, object]:
    return {"instances": [{"b64": b64encode(image).decode()} for image in images]}


def make_multipart(*fields: tuple[str, bytes]) -> Request:
    """A multipart request with these files: names of their fields, and contents, in this order."""
    parts = [
        b'--cut\r\nContent-Disposition: form-data; name="%s"; filename="f"\r\n\r\n%s\r\n' % (name.encode(), data)
        for name, data in fields
    ]
    return make_request(data=b"".join(parts) + b"--cut--\r\n", content_type="multipart/form-data; boundary=cut")


def read_from(request: Request, limit: int = 10) -> list[Upload]:
    return read_uploads(request.get_data(), request.headers.get("Content-Type", ""), limit)


def read_images(request: Request) -> list[bytes]:
    return [upload.data for upload in read_from(request)]


@pytest.mark.parametrize(
    "content_type", ["image/png", "application/octet-stream", "", "application/x-www-form-urlencoded"]
)
def test_raw_body_is_one_image_whatever_its_content_type(content_type: str) -> None:
    assert read_from(make_request(data=b"\x00bytes", content_type=content_type)) == [Upload(b"\x00bytes", "The image")]


def test_json_holds_images_in_base64() -> None:
    assert read_images(make_request(json=make_instances(b"one", b"two"))) == [b"one", b"two"]


def test_files_come_in_the_order_sent() -> None:
    assert read_images(make_multipart(("file", b"one"), ("file", b"two"), ("file", b"three"))) == [
        b"one",
        b"two",
        b"three",
    ]


def test_files_of_several_fields_come_in_the_order_sent() -> None:
    assert read_images(make_multipart(("a", b"one"), ("b", b"two"), ("a", b"three"))) == [b"one", b"two", b"three"]


def test_several_images_are_numbered_in_their_titles() -> None:
    assert [upload.title for upload in read_from(make_request(json=make_instances(b"x", b"y")))] == [
        "Image 1 of 2",
        "Image 2 of 2",
    ]


@pytest.mark.parametrize(
    "sent",
    [
        make_request(json=make_instances()),
        make_multipart(),
        make_request(data={"text": "no file"}, content_type="multipart/form-data"),
    ],
    ids=["json", "no parts", "no file"],
)
def test_request_without_an_image_is_refused(sent: Request) -> None:
    with pytest.raises(BadRequest, match="no image"):
        read_from(sent)


@pytest.mark.parametrize(
    "sent",
    [make_request(json=make_instances(*[b"x"] * 4)), make_multipart(*[("file", b"x")] * 4)],
    ids=["json", "files"],
)
def test_more_images_than_the_limit_are_refused(sent: Request) -> None:
    with pytest.raises(RequestTooLarge, match=r"4 images.* 3 "):
        read_from(sent, 3)


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
def test_error_names_what_is_wrong_in_the_json(body: bytes, reason: str) -> None:
    with pytest.raises(BadRequest, match=f"(?i){reason}"):
        read_from(make_request(data=body, content_type="application/json"))


def test_file_data_is_not_read_as_text() -> None:
    data = bytes(range(256)) * 3
    assert read_images(make_multipart(("file", data))) == [data]
    assert read_images(make_request(data=io.BytesIO(data), content_type="image/png")) == [data]
    assert read_images(
        make_request(data=json.dumps(make_instances(data)), content_type="application/json; charset=utf-8")
    ) == [data]


@pytest.mark.parametrize("broken", [b"", b"--cut\r\nContent-Disposition: form-data", b"--other--\r\n", b"no parts"])
def test_broken_multipart_is_refused(broken: bytes) -> None:
    with pytest.raises(BadRequest):
        read_from(make_request(data=broken, content_type="multipart/form-data; boundary=cut"))


def test_multipart_without_a_boundary_is_refused() -> None:
    with pytest.raises(BadRequest):
        read_from(make_request(data=b"--cut--", content_type="multipart/form-data"))


def test_too_many_parts_are_refused() -> None:
    with pytest.raises(RequestTooLarge):
        read_from(make_multipart(*[("file", b"x")] * 100), limit=3)


FILE = b'--cut\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n'


@pytest.mark.parametrize(
    "body",
    [
        FILE + b"X: " + b"x" * 10_000 + b"\r\n\r\ndata\r\n--cut--\r\n",
        FILE + b"X: y\r\n" * 50 + b"\r\ndata\r\n--cut--\r\n",
        b"x" * 10_000_000,
    ],
    ids=["long header", "many headers", "no boundary"],
)
def test_headers_of_a_part_are_limited(body: bytes) -> None:
    with pytest.raises(BadRequest, match="multipart"):
        read_from(make_request(data=body, content_type="multipart/form-data; boundary=cut"))


def test_large_file_is_read_completely_and_the_epilogue_is_ignored() -> None:
    data = bytes(range(256)) * 20_000
    body = FILE + b"\r\n" + data + b"\r\n--cut--\r\n" + b"epilogue" * 300_000
    assert read_images(make_request(data=body, content_type="multipart/form-data; boundary=cut")) == [data]


STRICT = b64encode(bytes(range(256))).decode()


@pytest.mark.parametrize(
    "text",
    [
        "\\r\\n".join(STRICT[start : start + 76] for start in range(0, len(STRICT), 76)),
        STRICT.replace("+", "-").replace("/", "_").rstrip("="),
        f"data:image/png;base64,{STRICT}",
        STRICT.replace("/", "\\/"),
    ],
    ids=["line breaks", "URL-safe", "data URL", "escaped slashes"],
)
@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "", "text/plain", "application/x-www-form-urlencoded"],
)
def test_base64_is_read_in_every_form_and_json_by_any_content_type(text: str, content_type: str) -> None:
    body = f'\n {{"instances": [{{"b64": "{text}"}}, {{"b64": "aGk="}}]}}'.encode()
    assert read_images(make_request(data=body, content_type=content_type)) == [bytes(range(256)), b"hi"]
    assert read_images(make_request(data=b"\xef\xbb\xbf" + body, content_type=content_type))[1] == b"hi"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("data:image/png,abc", r"instances\[1\].b64 .* data: URL without base64"), ("http://cat", "not base64")],
)
def test_wrong_base64_is_named_by_its_place(text: str, reason: str) -> None:
    body = {"instances": [{"b64": "aGk="}, {"b64": text}]}
    with pytest.raises(BadRequest, match=reason):
        read_from(make_request(json=body))


def test_json_in_another_encoding_is_refused_with_the_reason() -> None:
    body = json.dumps(make_instances(b"x")).encode("utf-16")
    with pytest.raises(BadRequest, match="must be in UTF-8"):
        read_from(make_request(data=body, content_type="application/json; charset=utf-16"))


def make_parts(*parts: tuple[str, bytes]) -> Request:
    """A multipart request of parts without file names, with these more headers."""
    data = b"".join(
        b'--cut\r\nContent-Disposition: form-data; name="a"\r\n%s\r\n%s\r\n' % (headers.encode(), content)
        for headers, content in parts
    )
    return make_request(data=data + b"--cut--\r\n", content_type="multipart/form-data; boundary=cut")


def test_parts_without_file_names_are_images_if_they_say_so_or_are_no_text() -> None:
    image = "Content-Type: image/png\r\n"
    assert read_images(make_parts((image, b"text"), ("", b"\xff\xd8"), ("", b"field"))) == [b"text"]
    assert read_images(make_parts(("", b"\xff\xd8"), ("", b"field"), ("", b"\0"))) == [b"\xff\xd8", b"\0"]
    with pytest.raises(BadRequest, match="needs a file name"):
        read_from(make_parts(("", b"field"), ("", b"")))
