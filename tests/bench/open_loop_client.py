"""The client process of an open loop: sends each request when it is due, whether or not earlier ones were answered.

`python -m tests.bench.open_loop_client PORT RATE SECONDS REQUEST RESULT` sends the bytes of the file REQUEST. It writes
RESULT, an npz with two arrays: `requests`, one row [sent_at, latency, status] per request, in seconds of the monotonic
clock, and `cores`, the CPU that it used. A request takes an idle connection or opens a new one. One epoll and no
framework, because the service runs on the same cores.
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

MAX_CONNECTIONS = 4000
ANSWER_TIMEOUT = 10.0  # seconds to wait for answers after the last request
NO_ANSWER, NO_CONNECTION = 0, -1  # statuses of requests without a response


@dataclass
class _Exchange:
    """A busy connection with its request."""

    sock: socket.socket
    sent_at: float
    connecting: bool
    response: bytes = b""


class _Client:
    def __init__(self, port: int, request: bytes) -> None:
        self._port, self._request = port, request
        self._epoll = select.epoll()
        self._idle: list[socket.socket] = []
        self._busy: dict[int, _Exchange] = {}
        self._rows: list[tuple[float, float, int]] = []

    def run(self, schedule: list[float]) -> NDArray:
        """Sends one request at each time of the schedule, in seconds from now; returns [sent_at, latency, status]."""
        start, index = time.monotonic(), 0
        while index < len(schedule) or (self._busy and time.monotonic() < start + schedule[-1] + ANSWER_TIMEOUT):
            now = time.monotonic()
            while index < len(schedule) and start + schedule[index] <= now:
                self._send()
                index += 1
            timeout = max(0.0, start + schedule[index] - time.monotonic()) if index < len(schedule) else 0.1
            for fd, _ in self._epoll.poll(timeout):
                self._handle_event(fd)
        for exchange in list(self._busy.values()):
            self._finish(exchange, NO_ANSWER)
        return np.array(self._rows)

    def _send(self) -> None:
        if self._idle:
            exchange = _Exchange(self._idle.pop(), time.monotonic(), connecting=False)
            self._busy[exchange.sock.fileno()] = exchange
            self._write(exchange)
        elif len(self._busy) < MAX_CONNECTIONS:
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", self._port))
            self._busy[sock.fileno()] = _Exchange(sock, time.monotonic(), connecting=True)
            self._epoll.register(sock.fileno(), select.EPOLLOUT)
        else:
            now = time.monotonic()
            self._rows.append((now, 0.0, NO_CONNECTION))

    def _write(self, exchange: _Exchange) -> None:
        try:
            exchange.sock.sendall(self._request)
        except OSError:
            self._finish(exchange, NO_CONNECTION)

    def _handle_event(self, fd: int) -> None:
        exchange = self._busy.get(fd)
        if exchange is None:  # the service closed an idle connection
            self._idle = [sock for sock in self._idle if sock.fileno() != fd]
            self._epoll.unregister(fd)
            return
        if exchange.connecting:
            exchange.connecting = False
            self._epoll.modify(fd, select.EPOLLIN)
            self._write(exchange)
            return
        try:
            data = exchange.sock.recv(1 << 16)
        except OSError:
            data = b""
        exchange.response += data
        if not data:
            self._finish(exchange, NO_ANSWER)
        elif _is_complete(exchange.response):
            self._finish(exchange, int(exchange.response[9:12]))

    def _finish(self, exchange: _Exchange, status: int) -> None:
        """Records the outcome. Keeps the connection unless the service closes it."""
        self._rows.append((exchange.sent_at, time.monotonic() - exchange.sent_at, status))
        del self._busy[exchange.sock.fileno()]
        if status > 0 and b"connection: close" not in exchange.response[:400].lower():
            self._idle.append(exchange.sock)
        else:
            self._epoll.unregister(exchange.sock.fileno())
            exchange.sock.close()


def _is_complete(response: bytes) -> bool:
    head, separator, body = response.partition(b"\r\n\r\n")
    if not separator:
        return False
    _, _, rest = head.lower().partition(b"content-length:")
    return len(body) >= int(rest.split(b"\r\n")[0])


def main(port: str, rate: str, seconds: str, request_file: str, result_file: str) -> None:
    hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
    generator, schedule, due = random.Random(0), [], 0.0
    while (due := due + generator.expovariate(float(rate))) < float(seconds):
        schedule.append(due)
    before = time.process_time()
    requests = _Client(int(port), Path(request_file).read_bytes()).run(schedule)
    np.savez(result_file, requests=requests, cores=(time.process_time() - before) / schedule[-1])


if __name__ == "__main__":
    main(*sys.argv[1:])
