"""One connection, many requests: plain and not, in one piece and in many, with bodies that nobody wanted."""

import http.client
import json
import socket
import struct
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.support.pictures import told
from tests.support.server import Service
from tests.support.waiting import until


class Client:
    """Speaks HTTP/1.1 byte by byte, where an ordinary client would tidy."""

    def __init__(self, url: str) -> None:
        host = urlsplit(url)
        self.connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=10)
        self.connection.connect()
        self.sock = self.connection.sock
        self._read = self.sock.makefile("rb")

    def close(self) -> None:
        self._read.close()
        self.connection.close()

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.sock.sendall(part)

    def answer(self) -> tuple[int, bytes]:
        status = int(self._read.readline().split()[1])
        headers = http.client.parse_headers(self._read)
        return status, self._read.read(int(headers["Content-Length"]))

    def label(self) -> str:
        status, body = self.answer()
        assert status == 200, body
        return str(json.loads(body)["predictions"][0]["label"])

    def ended(self) -> bool:
        return self._read.read(1) == b""


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    client = Client(service.url)
    yield client
    client.close()


def post(data: bytes, *fields: str, path: str = "/predict/brittle") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: a", f"Content-Length: {len(data)}", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + data


def chunked(data: bytes) -> bytes:
    head = b"POST /predict/brittle HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)


def test_requests_sent_at_once_are_answered_in_order(client: Client) -> None:
    client.send(b"".join(post(told(0, at)) for at in range(8)))
    assert [client.label() for _ in range(8)] == [str(at) for at in range(8)]


def test_a_request_in_many_pieces_is_one(client: Client) -> None:
    whole = post(told(0, 4))
    for cuts in ([10], [whole.index(b"\r\n\r\n") + 4], [60, 80, 90, len(whole) - 1]):
        ends = [*cuts, len(whole)]
        client.send(*(whole[start:end] for start, end in zip([0, *cuts], ends, strict=True)))
        assert client.label() == "4"


def test_plain_requests_and_others_share_a_connection(client: Client) -> None:
    live = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
    client.send(post(told(0, 1)), chunked(told(0, 2)), post(told(0, 3)), live, post(told(0, 5)))
    assert [client.label() for _ in range(3)] == ["1", "2", "3"]
    assert client.answer()[0] == 200
    assert client.label() == "5"


def test_client_that_expects_100_continue_gets_it(client: Client) -> None:
    data = told(0, 6)
    client.send(post(data, "Expect: 100-continue")[: -len(data)])
    assert client._read.readline().split()[1] == b"100"
    assert client._read.readline() == b"\r\n"
    client.send(data)
    assert client.label() == "6"


def test_an_answer_that_needs_no_body_leaves_the_connection_in_order(client: Client) -> None:
    client.send(post(bytes(900_000), path="/predict/unheard"), post(told(0, 7)))
    assert client.answer()[0] == 404
    assert client.label() == "7"


def test_body_over_the_limit_is_drained_and_refused(client: Client) -> None:
    client.send(post(bytes(5 << 20)), post(told(0, 8)))
    assert client.answer()[0] == 413
    assert client.label() == "8"


def test_connection_ends_when_its_client_asks_for_it(client: Client) -> None:
    client.send(post(told(0, 9), "Connection: close"))
    assert client.label() == "9"
    assert client.ended()


def test_client_that_leaves_within_a_body_harms_no_other(service: Service, client: Client) -> None:
    client.send(post(told(0, 1))[:-5])
    client.close()
    assert service.post("/predict/brittle", told(0, 2)).json()["predictions"][0]["label"] == "2"


@pytest.mark.parametrize(
    "line", [b"POST /predict/brittle\r\n\r\n", b"\x00\x01\x02\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n"]
)
def test_non_http_bytes_are_refused(client: Client, line: bytes) -> None:
    client.send(line)
    assert client._read.readline().startswith(b"HTTP/1.1 400 ") or client.ended()


@pytest.mark.parametrize("path", ["/predict/brittle", "/generate/blot"])
def test_upload_that_its_client_aborts_is_counted_as_499(service: Service, path: str) -> None:
    model = path.rpartition("/")[2]
    before = service.metric("inkpaw_requests_total", model=model, status="499")
    client = Client(service.url)
    client.send(post(b"{}", path=path)[:-1])
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a close resets
    client.close()
    client.sock.close()
    until(lambda: service.metric("inkpaw_requests_total", model=model, status="499") == before + 1)
    assert service.metric("inkpaw_requests_total", model=model, status="500") == 0


def test_endless_chunks_after_an_answer_end_the_connection(client: Client) -> None:
    client.send(b"POST /predict/unheard HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
    status, _ = client.answer()
    assert status == 404
    assert client.ended()
