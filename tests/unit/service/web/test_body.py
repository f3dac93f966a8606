"""A body is read up to its limits in bytes and in time."""

import io
import time

import pytest

from service.errors import RequestTimeout, RequestTooLarge
from service.web.body import read_body

LIMIT = 1 << 20


def read(stream: io.BytesIO, content_length: int | None, seconds: float = 5.0) -> bytes:
    return read_body(stream, content_length, LIMIT, time.monotonic() + seconds)


def test_body_of_unknown_length_is_read_to_its_end() -> None:
    body = bytes(range(256)) * 4000
    assert read(io.BytesIO(body), None) == body


def test_body_of_known_length_is_read_to_that_length() -> None:
    body = bytes(range(256)) * 4000
    assert read(io.BytesIO(body), len(body)) == body


@pytest.mark.parametrize("content_length", [8 * LIMIT, None], ids=["known length", "unknown length"])
def test_body_over_the_limit_is_not_read_to_its_end(content_length: int | None) -> None:
    stream = io.BytesIO(bytes(8 * LIMIT))
    with pytest.raises(RequestTooLarge):
        read(stream, content_length)
    assert stream.tell() < 2 * LIMIT


def test_body_of_just_the_limit_is_read() -> None:
    assert read(io.BytesIO(bytes(LIMIT)), LIMIT) == bytes(LIMIT)


def test_body_past_its_deadline_is_refused() -> None:
    with pytest.raises(RequestTimeout):
        read(io.BytesIO(b"x"), 1, seconds=-1)
