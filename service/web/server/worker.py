"""gunicorn's gevent worker with bounds: it refuses at once what it cannot take, and no wait is endless.

One thread runs many requests, each until it waits for its client or for the engine. Threads would do the same and hand
the interpreter to one another at every such wait, which costs more than the requests themselves.
"""

import contextlib
import logging
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import gevent
from gevent import Timeout, getcurrent
from gevent.hub import get_hub
from gunicorn.workers.ggevent import GeventWorker

from service import metrics
from service.errors import ClientDisconnected, InkpawError, RequestTimeout
from service.web.error_response import to_response
from service.web.response import Response
from service.web.routing import Match
from service.web.server import fast_path, wsgi
from service.web.server.admission import Admission, make_refusal
from service.web.server.connection import MAX_DRAINED, Body, Connection, drain
from service.web.server.head import Head
from service.web.server.http_parser import Message
from service.web.server.listener import Listener

log = logging.getLogger(__name__)

_LINGER = 2.0  # seconds for which a stopping worker still takes requests on the connections that it has
_MAX_REFUSED_BODY = 1 << 16  # bytes; the rest of a larger body of a refused request is not waited for


class Worker(GeventWorker):  # type: ignore[misc]
    """As many requests in flight as `Admission` lets in; the others get 503, and their bodies are not read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._idle: dict[Any, Timeout] = {}

    def load_wsgi(self) -> None:
        super().load_wsgi()
        settings = self.wsgi.context.settings
        self._admission = Admission(settings.max_in_flight)
        self._request_seconds = settings.request_seconds

    def server_class(self, listener: Any, spawn: Any, **_: Any) -> Listener:
        """What accepts connections; the name is gunicorn's."""
        return Listener(listener, handle=partial(self.handle, listener), spawn=spawn)

    @contextlib.contextmanager
    def _idle_timeout(self) -> Iterator[None]:
        """While a connection waits for its next request: for the keep-alive time, or until the worker stops."""
        timeout = Timeout(self.cfg.keepalive if self.alive else _LINGER, False)
        greenlet = getcurrent()
        with timeout:
            self._idle[greenlet] = timeout
            try:
                yield
            finally:
                del self._idle[greenlet]

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        gevent.spawn_later(_LINGER, self._close_idle)

    def _close_idle(self) -> None:
        for greenlet, timeout in list(self._idle.items()):
            get_hub().loop.run_callback(greenlet.throw, timeout)

    def handle(self, listener: Any, sock: Any, address: Any) -> None:
        """Serve a connection's requests until it ends; the name is gunicorn's."""
        connection = Connection(sock)
        try:
            while self._serve_next(connection):
                pass
        except (OSError, ClientDisconnected, InkpawError):
            pass  # the client has left, or sends a body that cannot be read after its answer
        except Exception:
            log.exception("A connection failed")
        finally:
            sock.close()

    def _serve_next(self, connection: Connection) -> bool:
        """Serve the next request; whether the connection stays open."""
        started = False
        with self._idle_timeout():
            started = connection.wait()
        if not started:
            return False
        arrived = time.monotonic()
        connection.deadline = arrived + self._request_seconds
        try:
            message = connection.read_message()
        except (TimeoutError, InkpawError) as error:
            return self._reject(connection, error)
        match = self.wsgi.router.match(message.head.path)
        if self._admission.full and (match is None or match.route.admission):
            return self._refuse(connection, message)
        self._admission.enter()
        try:
            body = Body(connection, message)
            response = self._answer(connection, message.head, body, match, arrived)
            in_time = response.status != RequestTimeout.status
            keep_alive = self.alive and message.head.keep_alive and body.can_drain and in_time
            connection.deadline = time.monotonic() + self._request_seconds
            connection.send(response.to_bytes(keep_alive, message.head.method != "HEAD"))
        finally:
            self._admission.leave()
        return self._finish(connection, body, keep_alive)

    def _answer(self, connection: Connection, head: Head, body: Body, match: Match | None, arrived: float) -> Response:
        if fast_path.takes(match, head.method):
            return fast_path.answer(match, head, body, self.wsgi.context, connection.sock, arrived)
        return wsgi.answer(self.wsgi, head, body, connection.sock, arrived)

    def _finish(self, connection: Connection, body: Body, keep_alive: bool) -> bool:
        """Bring the connection to its next request, past a body that the answer did not need."""
        if body.complete:
            return keep_alive
        if not keep_alive:
            connection.linger()
            return False
        with self._idle_timeout():
            connection.deadline = None
            return drain(body, MAX_DRAINED)
        return False  # the time was up

    def _reject(self, connection: Connection, error: Exception) -> bool:
        """Answer what is not a request that can be read; where the next one begins is not known then."""
        if isinstance(error, TimeoutError):
            error = RequestTimeout("The request's head did not arrive in time.")
        connection.deadline = time.monotonic() + _LINGER
        connection.send(to_response(error, self.wsgi.router.default).to_bytes(keep_alive=False))
        connection.linger()
        return False

    def _refuse(self, connection: Connection, message: Message) -> bool:
        """Answer 503; the connection stays open if the rest of the request is small and has arrived."""
        metrics.get(metrics.REJECTED, "busy").inc()
        head, body, keep_alive = message.head, Body(connection, message), False
        connection.deadline = 0.0  # long past: nothing is waited for
        with contextlib.suppress(OSError, InkpawError):
            drained = not body.awaits_continue and drain(body, _MAX_REFUSED_BODY)
            keep_alive = drained and self.alive and head.keep_alive
        connection.deadline = time.monotonic() + 1.0
        protocol = self.wsgi.router.get_protocol(head.path)
        connection.send(make_refusal(protocol, keep_alive, head.method != "HEAD"))
        return keep_alive
