"""Compressed bodies are read up to the limit of their unpacked size."""

import gzip
import io
import random
import socket
import struct
import time
import zlib

import gevent
import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from service.client_socket import ClientSocket
from service.errors import (
    BadRequest,
    ClientDisconnected,
    RequestTimeout,
    RequestTooLarge,
    UnsupportedContentEncoding,
)
from service.settings import Settings
from service.web.app import create_app
from service.web.content_encoding import unpack
from tests.support.engine import FakeEngine
from tests.support.pictures import make_png
from tests.support.tcp import connect_pair
from tests.support.waiting import wait_until

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


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("size", [1 << 14, 3 << 18, LIMIT])
def test_large_data_are_unpacked_unchanged(coding: str, size: int) -> None:
    pack = gzip.compress if coding == "gzip" else zlib.compress
    for data in (random.Random(size).randbytes(size), bytes(size)):
        half = size // 2
        assert unpack(pack(data), coding, LIMIT) == data
        assert unpack(pack(data[:half]) + pack(data[half:]), coding, LIMIT) == data


def test_many_members_are_refused_quickly() -> None:
    empty = gzip.compress(b"")
    assert unpack(empty * 999 + gzip.compress(b"data"), "gzip", LIMIT) == b"data"
    started_at = time.monotonic()
    with pytest.raises(BadRequest, match="more than 1,000 members"):
        unpack(empty * 100_000, "gzip", LIMIT)
    assert time.monotonic() - started_at < 1


def make_empty_blocks(size: int) -> bytes:
    """A zlib stream that unpacks to nothing: stored blocks without a byte in them."""
    blocks = b"\0\0\0\xff\xff" * (size // 5) + b"\1\0\0\xff\xff"
    return b"\x78\x9c" + blocks + zlib.adler32(b"").to_bytes(4)


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(bytes(LIMIT)), "gzip"),
        (gzip.compress(b"") * 900, "gzip"),
        (make_empty_blocks(LIMIT), "deflate"),
    ],
    ids=["much output", "many members", "only input"],
)
def test_others_get_turns_and_the_deadline_and_the_client_are_heeded(body: bytes, coding: str) -> None:
    turns = []

    def count_turns() -> None:
        while True:
            turns.append(1)
            gevent.sleep(0)

    other = gevent.spawn(count_turns)
    with pytest.raises(RequestTimeout):
        unpack(body, coding, LIMIT, deadline=time.monotonic() - 1)
    other.kill()
    assert turns
    server, theirs = connect_pair()
    client = ClientSocket(server.fileno())
    with server, theirs:
        unpack(body, coding, LIMIT, client=client)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a close sends a reset
        theirs.close()
        wait_until(client.has_left)
        with pytest.raises(ClientDisconnected):
            unpack(body, coding, LIMIT, client=client)


def test_body_is_unpacked_within_the_time_of_its_request(settings: Settings, engine: FakeEngine) -> None:
    brief = settings.model_copy(update={"max_body_bytes": 64 << 20, "request_seconds": 0.05})
    packed = gzip.compress(bytes(60 << 20))
    answer = create_app(brief).test_client().post("/predict/echo", data=packed, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (408, "request_timeout")


class UnreadStream(io.BytesIO):
    def readinto(self, _: object, /) -> int:
        raise AssertionError("The body is read.")

    def read(self, _: int | None = None, /) -> bytes:
        raise AssertionError("The body is read.")


@pytest.mark.parametrize(
    "path", ["/predict/echo", "/generate/blot", "/v1/models/echo:predict", "/v2/models/echo/infer"]
)
def test_other_coding_is_refused_before_the_body_is_read(web: FlaskClient, path: str) -> None:
    answer = web.post(path, input_stream=UnreadStream(b"data"), headers={"Content-Encoding": "br"})
    assert answer.status_code == 415


def test_image_in_gzip_is_predicted(web: FlaskClient) -> None:
    answer = web.post("/predict/echo", data=gzip.compress(make_png(4)), headers={"Content-Encoding": "gzip"})
    assert answer.get_json()["predictions"][0]["label"] == "4"
    answer = web.post("/predict/echo", data=make_png(4), headers={"Content-Encoding": "br"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (415, "unsupported_content_encoding")
