"""Many requests on one connection: pipelined, in pieces, chunked, with bodies that are not read."""

import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import pytest

from tests.support.pictures import make_png
from tests.support.server import Service
from tests.support.waiting import wait_until


class Client:
    """Sends raw bytes, which an ordinary HTTP client would not allow."""

    def __init__(self, url: str) -> None:
        host = urlsplit(url)
        self.connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=10)
        self.connection.connect()
        self.sock = self.connection.sock
        self.reader = self.sock.makefile("rb")

    def close(self) -> None:
        self.reader.close()
        self.connection.close()

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.sock.sendall(part)

    def read_response(self) -> tuple[int, bytes]:
        status = int(self.reader.readline().split()[1])
        headers = http.client.parse_headers(self.reader)
        return status, self.reader.read(int(headers["Content-Length"]))

    def read_label(self) -> str:
        status, body = self.read_response()
        assert status == 200, body
        return str(json.loads(body)["predictions"][0]["label"])

    def is_closed(self) -> bool:
        """Whether the server has closed the connection."""
        return self.reader.read(1) == b""


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    client = Client(service.url)
    yield client
    client.close()


def make_post(data: bytes, *fields: str, path: str = "/predict/brittle") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: a", f"Content-Length: {len(data)}", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + data


def make_chunked_post(data: bytes) -> bytes:
    head = b"POST /predict/brittle HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)


def test_requests_sent_at_once_are_answered_in_order(client: Client) -> None:
    client.send(b"".join(make_post(make_png(0, label)) for label in range(8)))
    assert [client.read_label() for _ in range(8)] == [str(label) for label in range(8)]


def test_request_sent_in_pieces_is_answered_once(client: Client) -> None:
    data = make_post(make_png(0, 4))
    for cuts in ([10], [data.index(b"\r\n\r\n") + 4], [60, 80, 90, len(data) - 1]):
        ends = [*cuts, len(data)]
        client.send(*(data[start:end] for start, end in zip([0, *cuts], ends, strict=True)))
        assert client.read_label() == "4"


def test_fast_path_and_flask_requests_share_a_connection(client: Client) -> None:
    live = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
    client.send(
        make_post(make_png(0, 1)),
        make_chunked_post(make_png(0, 2)),
        make_post(make_png(0, 3)),
        live,
        make_post(make_png(0, 5)),
    )
    assert [client.read_label() for _ in range(3)] == ["1", "2", "3"]
    assert client.read_response()[0] == 200
    assert client.read_label() == "5"


def test_client_that_expects_100_continue_gets_it(client: Client) -> None:
    data = make_png(0, 6)
    client.send(make_post(data, "Expect: 100-continue")[: -len(data)])
    assert client.reader.readline().split()[1] == b"100"
    assert client.reader.readline() == b"\r\n"
    client.send(data)
    assert client.read_label() == "6"


@pytest.mark.parametrize(
    ("path", "length", "field", "status"),
    [
        ("/predict/brittle", 1000, "Content-Encoding: br", 415),
        ("/generate/blot", 1000, "Content-Encoding: br", 415),
        ("/generate/blot", 100_000, "Accept: */*", 413),
    ],
)
def test_body_that_its_head_dooms_is_not_asked_for(
    client: Client, path: str, length: int, field: str, status: int
) -> None:
    client.send(make_post(bytes(length), "Expect: 100-continue", field, path=path)[:-length])
    assert client.read_response()[0] == status
    assert client.is_closed()


def test_request_after_an_unread_body_is_answered(client: Client) -> None:
    client.send(make_post(bytes(900_000), path="/predict/unknown"), make_post(make_png(0, 7)))
    assert client.read_response()[0] == 404
    assert client.read_label() == "7"


def test_body_over_the_limit_is_drained_and_refused(client: Client) -> None:
    client.send(make_post(bytes(5 << 20)), make_post(make_png(0, 8)))
    assert client.read_response()[0] == 413
    assert client.read_label() == "8"


def test_connection_ends_when_its_client_asks_for_it(client: Client) -> None:
    client.send(make_post(make_png(0, 9), "Connection: close"))
    assert client.read_label() == "9"
    assert client.is_closed()


def test_disconnect_within_a_body_does_not_affect_other_clients(service: Service, client: Client) -> None:
    client.send(make_post(make_png(0, 1))[:-5])
    client.close()
    assert service.post("/predict/brittle", make_png(0, 2)).json()["predictions"][0]["label"] == "2"


@pytest.mark.parametrize(
    "line", [b"POST /predict/brittle\r\n\r\n", b"\x00\x01\x02\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n"]
)
def test_non_http_bytes_are_refused(client: Client, line: bytes) -> None:
    client.send(line)
    assert client.reader.readline().startswith(b"HTTP/1.1 400 ") or client.is_closed()


@pytest.mark.parametrize("path", ["/predict/brittle", "/generate/blot"])
def test_upload_aborted_by_its_client_is_counted_as_499(service: Service, path: str) -> None:
    model = path.rpartition("/")[2]
    before = service.sum_metric("inkpaw_requests_total", model=model, status="499")
    client = Client(service.url)
    client.send(make_post(b"{}", path=path)[:-1])
    client.sock.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )  # close() then resets the connection
    client.close()
    client.sock.close()
    wait_until(lambda: service.sum_metric("inkpaw_requests_total", model=model, status="499") == before + 1)
    assert service.sum_metric("inkpaw_requests_total", model=model, status="500") == 0


def test_endless_chunks_after_an_answer_end_the_connection(client: Client) -> None:
    client.send(b"POST /predict/unknown HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
    status, _ = client.read_response()
    assert status == 404
    assert client.is_closed()


CHUNKED = b"POST /predict/tiny HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "endless"),
    [
        (b"", b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n" * 2000),
        (CHUNKED, b"1\r\na\r\n" * 50_000),
        (CHUNKED + b"1;x=", b"a" * (1 << 18)),
        (CHUNKED + b"0\r\nX: ", b"a" * (1 << 18)),
        (CHUNKED + b"0\r\n", b"X: a\r\n" * 50_000),
    ],
    ids=["pipelined requests", "chunks of a byte", "extension", "trailer", "trailers"],
)
def test_client_that_never_pauses_holds_up_no_other(service: Service, head: bytes, endless: bytes) -> None:
    with ExitStack() as stack:
        for _ in service.worker_pids * 2:  # so that each worker has one
            stack.enter_context(flood(service, head, endless))
        for _ in range(20):
            began = time.monotonic()
            assert service.get("/livez").status_code == 200
            assert time.monotonic() - began < 1.5


@contextmanager
def flood(service: Service, head: bytes, endless: bytes) -> Iterator[None]:
    """Send without a pause, and read what comes back, on one connection."""
    host, port = service.url.removeprefix("http://").split(":")
    sock = socket.create_connection((host, int(port)))

    def send() -> None:
        with suppress(OSError):
            sock.sendall(head)
            while True:
                sock.sendall(endless)

    def read() -> None:
        with suppress(OSError):
            while sock.recv(1 << 20):
                pass

    threads = [threading.Thread(target=target, daemon=True) for target in (send, read)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)
        sock.close()
