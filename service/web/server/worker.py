"""gunicorn's gevent worker with bounds: it refuses at once what it cannot take, and no wait is endless.

One thread runs many requests, each until it waits for its client or for the engine. Threads would do the same and hand
the interpreter to one another at every such wait, which costs more than the requests themselves.
"""

import logging
from functools import partial
from typing import Any

import gevent
from gunicorn.workers.ggevent import GeventWorker

from service import metrics
from service.errors import ClientDisconnected, InkpawError
from service.web.server.admission import Admission
from service.web.server.connection import Connection
from service.web.server.idle import IdleConnections
from service.web.server.listener import Listener
from service.web.server.session import LINGER, Session, SessionContext

log = logging.getLogger(__name__)

_SPARE = 32  # places kept for new connections: for each that takes one of them, an idle connection is closed


class Worker(GeventWorker):  # type: ignore[misc]
    """As many requests in flight as `Admission` lets in; the others get 503, and their bodies are not read."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._connections = 0
        self._idle = IdleConnections()  # from the start: SIGTERM may come while the application is loaded

    def load_wsgi(self) -> None:
        super().load_wsgi()
        settings = self.wsgi.context.settings
        self._max_connections = settings.max_connections - max(1, settings.max_connections // _SPARE)
        self._admission = Admission(settings.max_in_flight)
        self._contexts = [
            SessionContext(app, self._admission, self._idle, self.cfg.keepalive, lambda: self.alive)
            for app in (self.wsgi, self.wsgi.operations)
            if app is not None
        ]

    def run(self) -> None:
        """Serve until the worker stops; the name is gunicorn's."""
        super().run()
        if self.wsgi.context.tracer is not None:
            self.wsgi.context.tracer.flush()

    def notify(self) -> None:
        """The worker's sign of life, once a second; the name is gunicorn's. Gauges are set here: no request pays."""
        super().notify()
        metrics.IN_FLIGHT.set(self._admission.in_flight)
        metrics.IN_FLIGHT_LIMIT.set(self._admission.limit)

    def server_class(self, listener: Any, spawn: Any, ssl_context: Any = None, **_: Any) -> Listener:
        """What accepts connections; the name is gunicorn's. Only the first port has TLS."""
        index = self.sockets.index(listener)
        handle = partial(self._serve, self._contexts[index], None if index else ssl_context)
        return Listener(listener, handle=handle, spawn=spawn)

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        gevent.spawn_later(LINGER, self._idle.close_all)

    def _serve(self, context: SessionContext, ssl_context: Any, sock: Any, address: Any) -> None:
        """Serve a connection's requests until it ends."""
        self._connections += 1
        if self._connections > self._max_connections:  # idle connections must not shut out new ones
            self._idle.close_longest()
        try:
            if ssl_context is not None:
                sock = ssl_context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            if ssl_context is None or self._complete_handshake(sock):
                Session(Connection(sock, address[0]), context).run()
        except (OSError, ClientDisconnected, InkpawError):
            pass  # the client has left, or sends a body that cannot be read after its answer
        except Exception:
            log.exception("A connection failed")
        finally:
            self._connections -= 1
            sock.close()

    def _complete_handshake(self, sock: Any) -> bool:
        """Whether the client completes its TLS handshake in the time of a request. Raises OSError."""
        with self._idle.wait(self.wsgi.context.settings.request_seconds):
            sock.do_handshake()
            return True
        return False
