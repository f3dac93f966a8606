"""The client of an open loop: requests leave when they are due, whatever became of those before them.

`python -m tests.bench.open_loop_client PORT RATE SECONDS REQUEST INTO`: REQUEST is a file with the bytes to send; INTO becomes
an npz of `found`, [sent, took, status] a request, in seconds of the monotonic clock, and of the `cores` it used. A
request takes a connection that waits for nothing, or opens one. One epoll and no framework: what the client spends is
taken from the service beside it.
"""

import random
import resource
import select
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MOST_CONNECTIONS = 4000
PATIENCE = 10.0  # seconds to wait for answers after the last request
NO_ANSWER, NO_CONNECTION = 0, -1


@dataclass
class _Exchange:
    """A connection, and the request that it is busy with."""

    sock: socket.socket
    at: int
    sent: float
    unsent: bool
    answer: bytes = b""


class _Client:
    def __init__(self, port: int, request: bytes) -> None:
        self._port, self._request = port, request
        self._epoll = select.epoll()
        self._idle: list[socket.socket] = []
        self._busy: dict[int, _Exchange] = {}
        self._found: list[tuple[float, float, int]] = []

    def run(self, dues: list[float]) -> NDArray:
        """Send one request at each of these moments, counted from now; [sent, took, status] of each."""
        began, at = time.monotonic(), 0
        while at < len(dues) or (self._busy and time.monotonic() < began + dues[-1] + PATIENCE):
            now = time.monotonic()
            while at < len(dues) and began + dues[at] <= now:
                self._send(at)
                at += 1
            wait = max(0.0, began + dues[at] - time.monotonic()) if at < len(dues) else 0.1
            for handle, event in self._epoll.poll(wait):
                self._go_on(handle, event)
        for exchange in list(self._busy.values()):
            self._note(exchange, NO_ANSWER)
        return np.array(self._found)

    def _send(self, at: int) -> None:
        if self._idle:
            exchange = _Exchange(self._idle.pop(), at, time.monotonic(), unsent=False)
            self._busy[exchange.sock.fileno()] = exchange
            self._write(exchange)
        elif len(self._busy) < MOST_CONNECTIONS:
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", self._port))
            self._busy[sock.fileno()] = _Exchange(sock, at, time.monotonic(), unsent=True)
            self._epoll.register(sock.fileno(), select.EPOLLOUT)
        else:
            now = time.monotonic()
            self._found.append((now, 0.0, NO_CONNECTION))

    def _write(self, exchange: _Exchange) -> None:
        try:
            exchange.sock.sendall(self._request)
        except OSError:
            self._note(exchange, NO_CONNECTION)

    def _go_on(self, handle: int, event: int) -> None:
        exchange = self._busy.get(handle)
        if exchange is None:  # the service closes a connection that waits for nothing
            self._idle = [sock for sock in self._idle if sock.fileno() != handle]
            self._epoll.unregister(handle)
            return
        if exchange.unsent:
            exchange.unsent = False
            self._epoll.modify(handle, select.EPOLLIN)
            self._write(exchange)
            return
        try:
            part = exchange.sock.recv(1 << 16)
        except OSError:
            part = b""
        exchange.answer += part
        if not part:
            self._note(exchange, NO_ANSWER)
        elif _whole(exchange.answer):
            self._note(exchange, int(exchange.answer[9:12]))

    def _note(self, exchange: _Exchange, status: int) -> None:
        """That is what became of it; its connection is kept if it can be."""
        self._found.append((exchange.sent, time.monotonic() - exchange.sent, status))
        del self._busy[exchange.sock.fileno()]
        if status > 0 and b"connection: close" not in exchange.answer[:400].lower():
            self._idle.append(exchange.sock)
        else:
            self._epoll.unregister(exchange.sock.fileno())
            exchange.sock.close()


def _whole(answer: bytes) -> bool:
    head, ended, body = answer.partition(b"\r\n\r\n")
    if not ended:
        return False
    _, _, rest = head.lower().partition(b"content-length:")
    return len(body) >= int(rest.split(b"\r\n")[0])


def main(port: str, rate: str, seconds: str, request: str, into: str) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    draw, dues, due = random.Random(0), [], 0.0
    while (due := due + draw.expovariate(float(rate))) < float(seconds):
        dues.append(due)
    before = time.process_time()
    found = _Client(int(port), Path(request).read_bytes()).run(dues)
    np.savez(into, found=found, cores=(time.process_time() - before) / dues[-1])


if __name__ == "__main__":
    main(*sys.argv[1:])
