"""Requests, bodies and responses on one connection."""

import time
from collections.abc import Iterator

import pytest
from gevent import socket

from service.errors import BadRequest, ClientDisconnected
from service.web.server.connection import Body, Connection, drain

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n%b\r\n"


class Pair:
    """A connection and the socket of its client."""

    def __init__(self) -> None:
        ours, self.client = socket.socketpair()
        self.connection = Connection(ours)

    def read_body(self, *parts: bytes, length: int = 6, fields: bytes = b"") -> Body:
        self.client.sendall(HEAD % (length, fields) + b"".join(parts))
        assert self.connection.wait()
        return Body(self.connection, self.connection.read_message())


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.client.close()
    pair.connection.sock.close()


@pytest.mark.parametrize("with_head", [0, 2, 6])
def test_body_is_what_came_with_the_head_and_the_rest(pair: Pair, with_head: int) -> None:
    body = pair.read_body(b"abcdef"[:with_head])
    pair.client.sendall(b"abcdef"[with_head:] + HEAD % (0, b""))
    parts = []
    while part := body.read(4):
        assert len(part) <= 4
        parts.append(part)
    assert (b"".join(parts), body.complete) == (b"abcdef", True)
    assert pair.connection.wait()
    assert pair.connection.read_message().complete, "the next request must be left complete"


def test_disconnect_within_a_body_raises_client_disconnected(pair: Pair) -> None:
    body = pair.read_body(b"ab")
    pair.client.close()
    assert body.read(10) == b"ab"
    with pytest.raises(ClientDisconnected):
        body.read(10)


def test_disconnect_between_requests_ends_the_connection(pair: Pair) -> None:
    pair.client.close()
    assert not pair.connection.wait()


def test_unread_body_is_drained_up_to_a_limit(pair: Pair) -> None:
    body = pair.read_body(bytes(50_000), length=100_000)
    assert not drain(body, 30_000)
    pair.client.sendall(bytes(50_000))
    assert drain(body, 100_000)
    assert body.complete


@pytest.mark.parametrize("sent", [b"", b"POST", HEAD % (6, b"") + b"ab"])
def test_reads_end_at_the_deadline(pair: Pair, sent: bytes) -> None:
    pair.client.sendall(sent)
    pair.connection.deadline = time.monotonic() + 0.05
    with pytest.raises(TimeoutError):
        Body(pair.connection, pair.connection.read_message()).read(10) and pair.connection.read_more()


def test_writes_end_at_the_deadline(pair: Pair) -> None:
    pair.connection.deadline = time.monotonic() + 0.05
    with pytest.raises(TimeoutError):
        pair.connection.send(bytes(1 << 24))


def test_100_continue_is_sent_when_the_body_is_read(pair: Pair) -> None:
    body = pair.read_body(fields=b"Expect: 100-continue\r\n")
    assert body.awaits_continue and not body.can_drain
    pair.client.sendall(b"abcdef")
    assert body.read(10) == b"abcdef"
    assert pair.client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert not body.awaits_continue


def test_100_continue_is_not_sent_if_the_body_has_arrived(pair: Pair) -> None:
    assert pair.read_body(b"abcdef", fields=b"Expect: 100-continue\r\n").read(10) == b"abcdef"
    pair.client.settimeout(0.02)
    with pytest.raises(TimeoutError):
        pair.client.recv(100)


def test_broken_body_is_a_bad_request(pair: Pair) -> None:
    pair.client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n")
    body = Body(pair.connection, pair.connection.read_message())
    assert body.read(10) == b"ab"
    with pytest.raises(BadRequest):
        body.read(10)


def test_bytes_after_the_last_answer_are_discarded(pair: Pair) -> None:
    pair.client.sendall(HEAD % (0, b""))
    pair.client.close()
    pair.connection.linger()
    assert not pair.connection.wait()
