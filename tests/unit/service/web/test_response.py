"""Responses as bytes."""

import pytest

from service.web.response import Response


def parse(data: bytes) -> tuple[str, dict[str, str], bytes]:
    """Status line, fields and body."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return first, dict(line.split(": ") for line in lines), body


@pytest.mark.parametrize("keep_alive", [True, False])
@pytest.mark.parametrize("status", [200, 400, 431, 499, 503])
def test_response_is_written_completely(status: int, keep_alive: bool) -> None:
    first, fields, body = parse(Response(b"body", status, headers={"Retry-After": "1"}).to_bytes(keep_alive))
    assert first.startswith(f"HTTP/1.1 {status} ")
    assert (fields["Content-Length"], fields["Retry-After"], body) == ("4", "1", b"body")
    assert fields["Connection"] == ("keep-alive" if keep_alive else "close")
    assert fields["Date"].endswith("GMT")


def test_head_response_has_the_length_and_not_the_body() -> None:
    _, fields, body = parse(Response(b"body").to_bytes(True, include_body=False))
    assert (fields["Content-Length"], body) == ("4", b"")


def test_unchanged_response_has_no_length() -> None:
    _, fields, body = parse(Response(status=304, headers={"ETag": '"tag"'}).to_bytes(True))
    assert "Content-Length" not in fields and body == b""
