"""Compressed bodies are read up to the limit of their unpacked size."""

import gzip
import zlib

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from service.errors import BadRequest, RequestTooLarge, UnsupportedContentEncoding
from service.web.content_encoding import unpack
from tests.support.pictures import make_png

LIMIT = 1 << 20


def compress_raw(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


@given(st.binary(max_size=2000))
def test_packed_data_is_unpacked_unchanged(data: bytes) -> None:
    assert unpack(gzip.compress(data), "gzip", LIMIT) == data
    assert unpack(gzip.compress(data) + gzip.compress(data), "GZip", LIMIT) == data * 2
    assert unpack(zlib.compress(data), "deflate", LIMIT) == data
    assert unpack(compress_raw(data), "deflate", LIMIT) == data
    assert unpack(data, "identity", LIMIT) == unpack(data, "", LIMIT) == data


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, compress_raw])
def test_body_that_unpacks_to_more_than_the_limit_is_refused(pack: object) -> None:
    coding = "gzip" if pack is gzip.compress else "deflate"
    assert len(unpack(pack(bytes(LIMIT)), coding, LIMIT)) == LIMIT  # type: ignore[operator]
    with pytest.raises(RequestTooLarge):
        unpack(pack(bytes(LIMIT + 1)), coding, LIMIT)  # type: ignore[operator]


@pytest.mark.parametrize(
    "body",
    [b"plain", gzip.compress(b"data" * 99)[:-9], gzip.compress(b"data") + b"more"],
    ids=["plain", "cut short", "surplus"],
)
def test_damaged_body_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        unpack(body, "gzip", LIMIT)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress"])
def test_other_codings_are_refused(coding: str) -> None:
    with pytest.raises(UnsupportedContentEncoding):
        unpack(b"data", coding, LIMIT)


def test_image_in_gzip_is_predicted(web: FlaskClient) -> None:
    answer = web.post("/predict/echo", data=gzip.compress(make_png(4)), headers={"Content-Encoding": "gzip"})
    assert answer.get_json()["predictions"][0]["label"] == "4"
    answer = web.post("/predict/echo", data=make_png(4), headers={"Content-Encoding": "br"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (415, "unsupported_content_encoding")
