"""Requests that two servers may read differently, and unusual requests, by the fast path and by Flask.

A proxy in front of the service may read an ambiguous request differently than the service does. So the service refuses
it and closes the connection: bytes after it are never read as another request (request smuggling).
"""

import http.client
import json
import socket
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.support.hostile_requests import HOSTILE, UNUSUAL, change
from tests.support.pictures import make_png
from tests.support.server import Service

PREDICT = ("/predict/brittle", make_png(0, 4))  # answered by the fast path
GENERATE = ("/generate/blot", b'{"seed": 3}')  # answered by Flask
LIVE = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"


def exchange(service: Service, data: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Send the bytes and read every response: its status, its fields with names in lower case, and its body."""
    host = urlsplit(service.url)
    answers = []
    with closing(socket.create_connection((host.hostname, host.port or 0), timeout=10)) as sock:
        sock.sendall(data)
        with sock.makefile("rb") as file:
            while line := file.readline():
                fields = {name.lower(): value for name, value in http.client.parse_headers(file).items()}
                body = file.read(int(fields.get("content-length", 0)))
                answers.append((int(line.split()[1]), fields, body))
                if fields.get("connection") == "close":
                    break
    return answers


def make_request(endpoint: tuple[str, bytes], old: bytes, new: bytes) -> bytes:
    path, body = endpoint
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    if path == PREDICT[0]:
        head = head.replace("application/json", "image/png")
    length = f"{len(body)}".encode()
    return change(head.encode(), (old.replace(b"LENGTH", length), new.replace(b"LENGTH", length))) + body


@pytest.mark.parametrize("endpoint", [PREDICT, GENERATE], ids=["fast path", "flask"])
@pytest.mark.parametrize("name", HOSTILE)
def test_ambiguous_request_is_refused_and_ends_the_connection(
    service: Service, name: str, endpoint: tuple[str, bytes]
) -> None:
    old, new, expected = HOSTILE[name]
    ((status, fields, body),) = exchange(service, make_request(endpoint, old, new) + LIVE)
    assert (status, fields["connection"], fields["content-type"]) == (expected, "close", "application/json")
    assert set(json.loads(body)["error"]) == {"code", "message"}


@pytest.mark.parametrize("endpoint", [PREDICT, GENERATE], ids=["fast path", "flask"])
@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_request_is_answered_and_so_is_the_next(
    service: Service, name: str, endpoint: tuple[str, bytes]
) -> None:
    end = LIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    answers = exchange(service, make_request(endpoint, *UNUSUAL[name]) + end)
    assert [status for status, _, _ in answers] == [200, 200]


@pytest.mark.parametrize("endpoint", [PREDICT, GENERATE], ids=["fast path", "flask"])
def test_request_after_chunks_is_answered(service: Service, endpoint: tuple[str, bytes]) -> None:
    path, body = endpoint
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    chunked = head + b"%x;extension\r\n%b\r\n0\r\nTrailer: x\r\n\r\n" % (len(body), body)
    end = LIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert [status for status, _, _ in exchange(service, chunked + chunked + end)] == [200, 200, 200]


@pytest.mark.parametrize("endpoint", [PREDICT, GENERATE], ids=["fast path", "flask"])
@pytest.mark.parametrize("chunks", [b"zz\r\nab\r\n", b"2\nab\n", b"2\r\nabcd\r\n", b"f" * 30 + b"\r\nab\r\n"])
def test_broken_chunk_is_refused_and_ends_the_connection(
    service: Service, chunks: bytes, endpoint: tuple[str, bytes]
) -> None:
    head = f"POST {endpoint[0]} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    ((status, fields, body),) = exchange(service, head + chunks + LIVE)
    assert (status, fields["connection"]) == (400, "close")
    assert json.loads(body)["error"]["code"] == "bad_request"


@pytest.mark.parametrize(
    "data", [b"\x16\x03\x01\x02\x00\x01\x00", b"nonsense\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
)
def test_other_protocols_are_refused(service: Service, data: bytes) -> None:
    ((status, fields, _),) = exchange(service, data)
    assert (status, fields["connection"]) == (400, "close")


@pytest.mark.parametrize("path", ["/livez", "/predict/brittle", "/nothing", "/generate/blot?seed=3"])
def test_head_request_gets_no_body(service: Service, path: str) -> None:
    end = LIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    head = f"HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    host = urlsplit(service.url)
    with closing(socket.create_connection((host.hostname, host.port or 0), timeout=10)) as sock:
        sock.sendall(head + end)
        with sock.makefile("rb") as file:
            data = file.read()
    head, _, rest = data.partition(b"\r\n\r\n")
    assert b"\r\nContent-Length: " in head and b"\r\nContent-Length: 0" not in head
    assert rest.startswith(b"HTTP/1.1 200 "), "the next answer follows at once"
