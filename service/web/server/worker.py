"""gunicorn's gevent worker, with bounds: what it cannot take up at once it turns away at once; no wait is endless.

One thread runs many requests, each until it waits for its client or for the engine. Threads would do the same and hand
the interpreter to one another at every such wait, which costs more than the requests themselves.
"""

import contextlib
import time
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any

import gevent
from gevent import Timeout, getcurrent
from gevent.hub import get_hub
from gunicorn.workers.ggevent import GeventWorker

from service import metrics, settings
from service.errors import Overloaded
from service.ipc.client import ClientGone
from service.web import context
from service.web import error_response as failures
from service.web.body import Stream
from service.web.request import protocol
from service.web.server import fast_path as short
from service.web.server.admission import Admission
from service.web.server.connection import Begun, Body, skipped
from service.web.server.http_parser import END, MOST
from service.web.server.listener import Listener

_ALWAYS = ("/livez", "/readyz", "/metrics")
_LINGER = 2.0  # seconds for which a stopping worker still takes requests on the connections that it has
_MAX_UNREAD = 1 << 16  # bytes of a body that is refused; of more the rest is not waited for
_MAX_SKIPPED = 1 << 26  # bytes of a body that its answer had no use for
_READ = 1 << 16


def refusal(path: str, keep: bool) -> bytes:
    """A whole 503, in the shape of the protocol that was spoken."""
    return _refusal(protocol(path) if path.startswith(("/v1/", "/v2/")) else "", keep, int(time.time()))


@lru_cache(8)
def _refusal(protocol: str, keep: bool, second: int) -> bytes:
    """Made once a second, for its date: while there is too much to do, to say so must cost next to nothing."""
    return short.whole(failures.told(Overloaded("Every place is taken; try again."), protocol), keep)


def _send(sock: Any, data: bytes) -> None:
    """As `sendall`, which asks the kernel for the size of its buffer first: what is sent here fits nearly always."""
    sent = sock.send(data)
    if sent < len(data):
        sock.sendall(data[sent:])


class Worker(GeventWorker):  # type: ignore[misc]
    """As many requests in hand as `Admission` lets in; the rest are told so without a look at what they hold."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._admission = Admission(self.cfg.threads)
        self._waiting: dict[Any, Timeout] = {}

    def server_class(self, listener: Any, spawn: Any, **_: Any) -> Listener:
        """What gunicorn lets take connections, by the name it has for that."""
        return Listener(listener, handle=partial(self.handle, listener), spawn=spawn)

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

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Plain requests are answered here; with the first other one the connection goes over to gunicorn for good."""
        begun = b""
        try:
            client.settimeout(None)
            begun = self._serve(client)
        except (OSError, ClientGone):
            pass  # whoever asked has left
        if begun:
            super().handle(listener, Begun(client, begun), addr)
        else:
            client.close()

    def _serve(self, sock: Any) -> bytes:
        """Answer until the connection ends, or give back what has come of a request that is not plain."""
        unread, stays = b"", True
        while stays:
            if not unread:
                with self.timeout_ctx():
                    unread = sock.recv(_READ)
            start = unread.find(END) + len(END)
            call = short.call(unread[: min(start, MOST)])
            if call is None:
                break
            end = start + call.head.length
            body = Body(sock, unread[start:end], call.head.length)
            unread = unread[end:]
            stays = self._answer(call, body, sock)
        return unread if stays else b""

    def _answer(self, call: short.Call, body: Body, sock: Any) -> bool:
        """Whether the connection stays."""
        if self._admission.full:
            return self._turn_away(call.head.path, body, call.head.keep, sock)
        with self._in_hand(sock):
            reply = short.reply_to(call, body, context.of(self.wsgi), sock.fileno())
            keep = self.alive and call.head.keep
            _send(sock, short.whole(reply, keep))
        if body.left:  # an answer before the question's end: who goes on sending would not hear it if we left
            with self.timeout_ctx():
                skipped(body, _MAX_SKIPPED)
        return keep and not body.left

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        if not self._admission.full or req.path in _ALWAYS:
            with self._in_hand(sock):
                super().handle_request(listener_name, req, sock, addr)
        elif not self._turn_away(req.path, req.body, not req.should_close(), sock):
            raise StopIteration

    @contextlib.contextmanager
    def _in_hand(self, sock: Any) -> Iterator[None]:
        self._admission.enter()
        sock.settimeout(settings.load().request_seconds)
        try:
            yield
        finally:
            self._admission.leave()
            sock.settimeout(None)

    def _turn_away(self, path: str, body: Stream, keep: bool, sock: Any) -> bool:
        """Answer 503; the connection stays if what is left of the request is small and here already."""
        metrics.of(metrics.REJECTED, "busy").inc()
        sock.settimeout(0.0)
        try:
            keep = skipped(body, _MAX_UNREAD) and self.alive and keep
        except OSError:
            keep = False
        sock.settimeout(1.0)
        _send(sock, refusal(path, keep))
        sock.settimeout(None)
        return keep
