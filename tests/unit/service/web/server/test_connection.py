"""A body and a connection that have begun before their reader came."""

import pytest
from gevent import socket

from service.ipc.client import ClientGone
from service.web.server.connection import Begun, Body, skipped


@pytest.mark.parametrize("begun", [b"", b"ab", b"abcdef"])
def test_a_body_is_what_came_with_the_head_and_the_rest(begun: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        body = Body(ours, begun, 6)
        theirs.sendall(b"abcdef"[len(begun) :] + b"POST")
        parts = []
        while part := body.read(4):
            parts.append(part)
        assert (b"".join(parts), body.left) == (b"abcdef", 0)
        assert ours.recv(10) == b"POST", "the next request is left where it is"


def test_a_body_that_ends_too_soon_has_nobody_to_answer() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        body = Body(ours, b"ab", 6)
        theirs.close()
        assert body.read(10) == b"ab"
        with pytest.raises(ClientGone):
            body.read(10)


def test_what_nobody_wants_of_a_body_is_skipped_within_a_bound() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(bytes(50_000))
        body = Body(ours, b"", 100_000)
        skipped(body, 30_000)
        assert body.left <= 70_000
        theirs.sendall(bytes(50_000))
        skipped(body, 100_000)
        assert body.left == 0


def test_a_connection_that_has_begun_gives_what_came_first() -> None:
    ours, theirs = socket.socketpair()
    with theirs, Begun(ours, b"first") as again:
        theirs.sendall(b"then")
        assert [again.recv(3), again.recv(9), again.recv(9)] == [b"fir", b"st", b"then"]
        again.sendall(b"back")
        assert theirs.recv(9) == b"back"
