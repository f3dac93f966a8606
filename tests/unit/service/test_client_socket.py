"""A client that has closed its connection is told from one that only has nothing more to send."""

import socket
from collections.abc import Iterator

import pytest

from service.client_socket import ClientSocket
from tests.support.tcp import connect_pair
from tests.support.waiting import wait_until

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

Pair = tuple[ClientSocket, socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = connect_pair()
    with ours, theirs:
        yield ClientSocket(ours.fileno()), ours, theirs


def send_answer(client: ClientSocket, ours: socket.socket) -> None:
    ours.sendall(client.remove_sent(ANSWER))


def test_client_that_waits_has_not_left(pair: Pair) -> None:
    client, ours, theirs = pair
    theirs.sendall(b"the next request")
    assert not client.has_left()
    send_answer(client, ours)
    assert theirs.recv(100) == ANSWER


def test_client_that_has_closed_has_left(pair: Pair) -> None:
    client, _, theirs = pair
    theirs.close()
    wait_until(client.has_left)
    assert client.has_left()


def test_client_that_has_reset_the_connection_has_left(pair: Pair) -> None:
    client, ours, theirs = pair
    ours.sendall(b"not read")
    theirs.recv(1)
    theirs.close()
    wait_until(client.has_left)


def test_client_that_half_closes_gets_whole_answers(pair: Pair) -> None:
    client, ours, theirs = pair
    theirs.sendall(b"two requests")
    theirs.shutdown(socket.SHUT_WR)
    theirs.settimeout(5)
    for _ in range(2):
        assert not client.has_left()
        assert theirs.recv(100) == b"HTTP/1.1 "  # the FIN has come, and the answer has begun
        assert not client.has_left()
        send_answer(client, ours)
        assert theirs.recv(100) == ANSWER.removeprefix(b"HTTP/1.1 ")
