"""The requests of one connection, one after another: each is admitted, answered, and bounded in time."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from service import metrics
from service.errors import InkpawError, Overloaded, RequestTimeout
from service.web.app import App
from service.web.error_response import to_response
from service.web.middleware import access_log, request_id
from service.web.response import Response
from service.web.routing import Match
from service.web.server import fast_path, wsgi
from service.web.server.admission import Admission, Place, make_refusal
from service.web.server.connection import MAX_DRAINED, Body, Connection, drain
from service.web.server.head import Head
from service.web.server.http_parser import Message
from service.web.server.idle import IdleConnections

LINGER = 2.0  # seconds for which a stopping worker still takes requests on the connections that it has
_MIN_SEND = 1.0  # seconds that a client has to take an answer which is ready just before the request's deadline
_MAX_REFUSED_WAIT = 0.002  # seconds for what has arrived of a refused request
_MAX_REFUSED_BODY = 1 << 16  # bytes; the rest of a larger body of a refused request is not waited for


@dataclass(frozen=True)
class SessionContext:
    """What the sessions of a worker share; `is_alive` is false once the worker stops."""

    app: App
    admission: Admission
    idle: IdleConnections
    keep_alive_seconds: float
    is_alive: Callable[[], bool]


class Session:
    def __init__(self, connection: Connection, context: SessionContext) -> None:
        self._connection, self._context = connection, context
        settings = context.app.context.settings
        self._request_seconds, self._access_log = settings.request_seconds, settings.access_log

    def run(self) -> None:
        """Serve requests until the connection ends. Raises OSError, ClientDisconnected, InkpawError."""
        while self._serve_next():
            pass

    @property
    def _idle_seconds(self) -> float:
        return self._context.keep_alive_seconds if self._context.is_alive() else LINGER

    def _serve_next(self) -> bool:
        """Serve the next request; whether the connection stays open."""
        connection, started = self._connection, False
        with self._context.idle.wait(self._idle_seconds):
            started = connection.wait()
        if not started:
            return False
        arrived = time.monotonic()
        connection.deadline = arrived + self._request_seconds
        try:
            message = self._read_message()
        except (TimeoutError, InkpawError) as error:
            return self._reject(error)
        match = self._context.app.router.match(message.head.path)
        required = match is None or match.route.admission
        if required and self._context.admission.full:
            return self._refuse(message, match)
        return self._serve(message, match, Place(self._context.admission, required), arrived)

    def _read_message(self) -> Message:
        """The request whose first bytes have come; until its head is whole, its connection counts as idle."""
        if self._connection.has_message:
            return self._connection.read_message()
        with self._context.idle.wait(self._request_seconds):
            return self._connection.read_message()
        raise TimeoutError

    def _serve(self, message: Message, match: Match | None, place: Place, arrived: float) -> bool:
        connection, body = self._connection, Body(self._connection, message, place.take)
        if message.complete:
            place.take()
        try:
            response = self._answer(message.head, body, match, arrived)
            in_time = response.status != RequestTimeout.status
            keep_alive = self._context.is_alive() and message.head.keep_alive and body.can_drain and in_time
            connection.deadline = max(arrived + self._request_seconds, time.monotonic() + _MIN_SEND)
            connection.send(response.to_bytes(keep_alive, message.head.method != "HEAD"))
        finally:
            place.leave()
        return self._finish(body, keep_alive)

    def _answer(self, head: Head, body: Body, match: Match | None, arrived: float) -> Response:
        app = self._context.app
        if fast_path.takes(match, head.method):
            return fast_path.answer(match, head, body, app.context, self._connection.client, arrived)
        return wsgi.answer(app, head, body, self._connection, arrived)

    def _finish(self, body: Body, keep_alive: bool) -> bool:
        """Bring the connection to its next request, past a body that the answer did not need."""
        if body.complete:
            return keep_alive
        if not keep_alive:
            self._connection.linger()
            return False
        with self._context.idle.wait(self._idle_seconds):
            self._connection.deadline = None
            return drain(body, MAX_DRAINED)
        return False  # the time was up

    def _reject(self, error: Exception) -> bool:
        """Answer what is not a request that can be read; where the next one begins is not known then."""
        connection = self._connection
        if isinstance(error, TimeoutError):
            error = RequestTimeout("The request's head did not arrive in time.")
        connection.deadline = time.monotonic() + _MIN_SEND
        response, ident = to_response(error, self._context.app.router.default), request_id.make_request_id()
        response.headers[request_id.HEADER] = ident
        if access_log.select(response.status, self._access_log):
            access_log.write(response.status, ident, lambda _: None, bytes_out=len(response.body))
        connection.send(response.to_bytes(keep_alive=False))
        connection.linger()
        return False

    def _refuse(self, message: Message, match: Match | None) -> bool:
        """Answer 503; the connection stays open if the rest of the request is small and has arrived."""
        name = match.spec.name if match is not None else ""
        known = self._context.app.context.engines.has_model(name)  # clients could otherwise create metrics
        metrics.get(metrics.REJECTED, "busy", name if known else "").inc()
        connection, head, keep_alive = self._connection, message.head, False
        body = Body(connection, message)
        connection.deadline = time.monotonic() + _MAX_REFUSED_WAIT
        with contextlib.suppress(OSError, InkpawError):
            drained = not body.awaits_continue and drain(body, _MAX_REFUSED_BODY)
            keep_alive = drained and self._context.is_alive() and head.keep_alive
        connection.deadline = time.monotonic() + _MIN_SEND
        protocol = self._context.app.router.get_protocol(head.path)
        ident = request_id.choose_request_id(head.get_header)
        if access_log.select(Overloaded.status, self._access_log):
            fields = {"method": head.method, "path": head.path, "protocol": protocol.name}
            access_log.write(Overloaded.status, ident, head.get_header, **fields, bytes_in=head.content_length)
        connection.send(make_refusal(protocol, ident, keep_alive, head.method != "HEAD"))
        return keep_alive
