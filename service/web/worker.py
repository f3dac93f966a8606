"""gunicorn's threaded worker, with bounds: what it cannot take up at once it turns away at once; no wait is endless.

gunicorn's own hands a connection to its pool of threads as soon as it is accepted, and the pool's queue has no end: an
overload would pile up there, unseen, and a client that says nothing would hold a thread. Here a connection gets a
thread when a request has begun to arrive and a thread is free; else it is answered 503 from the loop itself.
"""

import contextlib
import select
import socket
import struct
import time
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from service import metrics, settings
from service.web import arrivals

_ALWAYS = (b"GET /livez", b"GET /readyz", b"GET /metrics")
_SPARE_THREADS = 4  # for those, when every other is taken
_PEEK = 1 << 16
_LINGER_MS = 200
_TEXT = "Every place is taken; try again."
_NATIVE = b'{"error":{"code":"overloaded","message":"%s"}}' % _TEXT.encode()
_PROTOCOLS = b'{"error":"%s"}' % _TEXT.encode()


def _refusal(request: bytes, keep: bool) -> bytes:
    """A whole 503, in the shape of the protocol that was spoken."""
    path = request[: request.find(b"\r\n")].partition(b" ")[2]
    body = _PROTOCOLS if path.startswith((b"/v1", b"/v2")) else _NATIVE
    return (
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
        b"Connection: %s\r\nContent-Length: %d\r\n\r\n%s" % (b"keep-alive" if keep else b"close", len(body), body)
    )


def _is_whole(data: bytes) -> bool:
    """Whether the bytes are one request and nothing else, so that the connection can be used again."""
    head, end, body = data.partition(b"\r\n\r\n")
    fields = head.lower().split(b"\r\n")
    lengths = [field.partition(b":")[2].strip() for field in fields if field.startswith(b"content-length:")]
    chunked = any(field.startswith(b"transfer-encoding:") for field in fields)
    length = lengths[0] if lengths else b"0"
    return bool(end) and not chunked and len(lengths) < 2 and length.isdigit() and int(length) == len(body)


class Worker(ThreadWorker):  # type: ignore[misc]
    """At most `threads` requests in hand; the rest are told so within the loop's next turn."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_hand = 0

    def get_thread_pool(self) -> Any:
        self.cfg.set("threads", self.cfg.threads + _SPARE_THREADS)
        return super().get_thread_pool()

    def handle(self, conn: TConn) -> Any:
        """A thread stays with its connection while requests keep coming: handing it back to the loop costs more."""
        kept = self._handle_one(conn)
        while kept is True and self._another(conn):
            kept = self._handle_one(conn)
        return kept

    def _handle_one(self, conn: TConn) -> Any:
        arrivals.begin()
        try:
            return super().handle(conn)
        finally:
            arrivals.settle()

    def _another(self, conn: TConn) -> bool:
        """Whether a next request has come, waited for briefly, and only while threads are plenty."""
        if not self.alive or 2 * self._in_hand > self.cfg.threads:
            return False
        if conn.parser.unreader.buf.getvalue():
            return True
        poll = select.poll()
        poll.register(conn.sock, select.POLLIN)
        return bool(poll.poll(_LINGER_MS))

    def enqueue_req(self, conn: TConn) -> None:
        if not conn.initialized and not conn.data_ready:
            self._await_request(conn)
        elif self._in_hand < self.cfg.threads - _SPARE_THREADS or not self._turned_away(conn):
            self._in_hand += 1
            super().enqueue_req(conn)

    def finish_request(self, conn: TConn, fs: Any) -> None:
        self._in_hand -= 1
        super().finish_request(conn, fs)

    def set_accept_enabled(self, enabled: bool) -> None:
        """A worker that is stopping closes its listeners at once: else clients would connect, and wait for nobody."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                listener.close()

    def _await_request(self, conn: TConn) -> None:
        """A new connection waits in the poller, not in a thread, until it says something."""
        seconds = settings.load().request_seconds
        limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def _turned_away(self, conn: TConn) -> bool:
        """Answer 503 and keep the connection if the whole request has come, else close it. False: it must be let in."""
        try:
            conn.sock.setblocking(False)
            if conn.sock.recv(_PEEK, socket.MSG_PEEK).startswith(_ALWAYS):
                return False
            data = conn.sock.recv(_PEEK)
        except OSError:
            data = b""
        keep = _is_whole(data) and self.alive
        with contextlib.suppress(OSError):
            if data:
                conn.sock.send(_refusal(data, keep))
                metrics.REJECTED.labels("busy").inc()
        if keep:
            conn.set_timeout()
            self.keepalived_conns.append(conn)
            self.poller.register(conn.sock, EVENT_READ, partial(self.on_client_socket_readable, conn))
        else:
            self.nr_conns -= 1
            with contextlib.suppress(OSError):
                conn.sock.shutdown(socket.SHUT_WR)
            conn.close()
        return True
