"""What the worker says, without Flask, to those it has no place for."""

import json

import pytest

from service.web.server.worker import refusal


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("path", ["/predict/net", "/v1/models/net:predict", "/v2/models/net/infer", "/"])
def test_a_refusal_is_a_whole_503_in_the_shape_of_the_protocol(path: str, keep: bool) -> None:
    head, _, body = refusal(path, keep).partition(b"\r\n\r\n")
    fields = dict(line.split(b": ") for line in head.split(b"\r\n")[1:])
    assert head.startswith(b"HTTP/1.1 503 ")
    assert int(fields[b"Content-Length"]) == len(body)
    assert fields[b"Retry-After"] == b"1"
    assert fields[b"Connection"] == (b"keep-alive" if keep else b"close")
    error = json.loads(body)["error"]
    assert isinstance(error, str) if path.startswith("/v") else set(error) == {"code", "message"}
