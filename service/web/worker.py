"""gunicorn's gevent worker, with bounds: what it cannot take up at once it turns away at once; no wait is endless.

One thread runs many requests, each until it waits for its client or for the engine. Threads would do the same and hand
the interpreter to one another at every such wait, which costs more than the requests themselves.
"""

import contextlib
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import gevent
from gevent import Timeout, getcurrent
from gevent.hub import get_hub
from gunicorn.workers.ggevent import GeventWorker

from service import metrics, settings
from service.errors import Overloaded
from service.web import context, failures, short
from service.web.admission import Admission
from service.web.asked import Reply, protocol

_ALWAYS = ("/livez", "/readyz", "/metrics")
_LINGER = 2.0  # seconds for which a stopping worker still takes requests on the connections that it has
_MAX_UNREAD = 1 << 16


def refusal(path: str, keep: bool) -> bytes:
    """A whole 503, in the shape of the protocol that was spoken."""
    return _refusal(protocol(path) if path.startswith(("/v1/", "/v2/")) else "", keep, int(time.time()))


@lru_cache(8)
def _refusal(protocol: str, keep: bool, second: int) -> bytes:
    """Made once a second, for its date: while there is too much to do, to say so must cost next to nothing."""
    return short.whole(failures.told(Overloaded("Every place is taken; try again."), protocol), keep)


class Worker(GeventWorker):  # type: ignore[misc]
    """As many requests in hand as `Admission` lets in; the rest are told so without a look at what they hold."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._admission = Admission(self.cfg.threads)
        self._waiting: dict[Any, Timeout] = {}

    @contextlib.contextmanager
    def timeout_ctx(self) -> Iterator[None]:
        """While a connection waits for its next request: for the keep-alive time, or until the worker stops."""
        limit = Timeout(self.cfg.keepalive if self.alive else _LINGER, False)
        me = getcurrent()
        with limit:
            self._waiting[me] = limit
            try:
                yield
            finally:
                del self._waiting[me]

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        gevent.spawn_later(_LINGER, self._close_idle)

    def _close_idle(self) -> None:
        for greenlet, limit in list(self._waiting.items()):
            get_hub().loop.run_callback(greenlet.throw, limit)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        if self._admission.full and req.path not in _ALWAYS:
            metrics.REJECTED.labels("busy").inc()
            self._turn_away(req, sock)
            return
        self._admission.enter()
        sock.settimeout(settings.load().request_seconds)
        try:
            reply = short.reply_to(req, context.of(self.wsgi), sock.fileno())
            if reply is None:
                super().handle_request(listener_name, req, sock, addr)
            else:
                self._send(req, sock, reply)
        finally:
            self._admission.leave()
            sock.settimeout(None)

    def _send(self, req: Any, sock: Any, reply: Reply) -> None:
        keep = self.alive and not req.should_close()
        sock.sendall(short.whole(reply, keep))
        if not keep:
            raise StopIteration

    def _turn_away(self, req: Any, sock: Any) -> None:
        """Answer 503; the connection is kept if what is left of the request is small and here already."""
        sock.settimeout(0.0)
        try:
            left = _MAX_UNREAD
            while left > 0 and (part := req.body.read(left)):
                left -= len(part)
            keep = left > 0 and self.alive and not req.should_close()
        except OSError:
            keep = False
        sock.settimeout(1.0)
        sock.sendall(refusal(req.path, keep))
        if not keep:
            raise StopIteration
        sock.settimeout(None)
