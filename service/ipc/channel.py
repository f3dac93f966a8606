"""A worker's channel to an engine: one connection that carries all of its calls. For the greenlets of one thread.

Calls of several greenlets in one turn of the loop leave in one send, and replies of one batch come in one read: a send
that wakes another process costs as much as running a row of a small net.
"""

import contextlib
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import gevent
from gevent import socket
from gevent.event import AsyncResult, Event
from numpy.typing import NDArray

from service import heartbeat
from service.client_socket import ClientSocket
from service.errors import ClientDisconnected, DeadlineExceeded, EngineDown, Unavailable
from service.ipc import wire
from service.ipc.frames import Frame, FrameReader, SendBuffer

log = logging.getLogger(__name__)

DOWN = "The engine is not answering; it is being started again."
HANGS = "The engine has stopped moving; it is replaced unless it goes on."

_READ = 1 << 17  # bytes
_WATCH_INTERVAL = 0.05  # seconds
_PULSE_INTERVAL = 0.2  # seconds between two looks at the engine's heartbeat
_NUMBERS = 1 << 32


@dataclass(slots=True)
class _PendingCall:
    """A call that has no reply yet."""

    deadline: float
    client: ClientSocket | None
    reply: AsyncResult = field(default_factory=AsyncResult)


class Channel:
    """Open from the start. `closed`, for good, when the connection breaks or the engine stops moving.

    Raises EngineDown if no engine listens.
    """

    def __init__(self, path: Path) -> None:
        self.closed = False
        self._pending: dict[int, _PendingCall] = {}
        self._numbers = count()
        self._buffer = SendBuffer()
        self._unsent: set[int] = set()  # numbers of calls of which some bytes may be unsent
        self._in = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._in.connect(os.fspath(path))
        except OSError:
            self._in.close()
            raise EngineDown(DOWN) from None
        self._out = self._in.dup()
        self._out.settimeout(0.0)
        self._must_send, self._has_calls = Event(), Event()
        self._heartbeat = heartbeat.get_path(path)
        self._last_beat: float | None = None  # as of the last look; none while no call waits
        self._next_look = 0.0
        for task in (self._receive, self._send, self._watch):
            gevent.spawn(task)

    def call(
        self, head: wire.Call, arrays: Sequence[NDArray], deadline: float, client: ClientSocket | None = None
    ) -> tuple[wire.Reply, memoryview]:
        """The engine's reply and its body; `deadline` on the monotonic clock, in seconds.

        When the `client` closes its connection, the call is cancelled.
        Raises ClientDisconnected and DeadlineExceeded. If the connection breaks: EngineDown where the engine cannot
        have received the call, else Unavailable.
        """
        number = next(self._numbers) % _NUMBERS
        frame_parts = wire.make_frame(number, head, arrays)
        pending = self._pending[number] = _PendingCall(deadline, client)
        self._buffer.add(frame_parts)
        self._unsent.add(number)
        self._has_calls.set()
        if len(self._pending) > 1:
            self._must_send.set()  # together with the other calls of this turn of the loop
        else:
            self._send_now()
        try:
            frame: Frame = pending.reply.get()
        finally:
            if self._pending.pop(number, None) is not None and not self._buffer.remove(frame_parts):
                self._buffer.add(wire.make_frame(number, wire.CancelCall()))  # given up: the engine need not run it
                self._send_now()
        return wire.decode_reply(frame.head), frame.body

    def _send_now(self) -> None:
        """Send as much as the socket takes; the rest is left to the greenlet that waits for it."""
        try:
            if self._buffer.send(self._out):
                self._unsent.clear()
            else:
                self._must_send.set()
        except OSError:
            self._close()

    def _send(self) -> None:
        with self._out:
            while self._must_send.wait() and not self.closed:
                self._must_send.clear()
                self._send_now()
                if self._must_send.is_set() and not self.closed:
                    socket.wait_write(self._out.fileno())

    def _receive(self) -> None:
        reader = FrameReader()
        try:
            while (data := self._in.recv(_READ)) and not self.closed:
                for frame in reader.feed(data):
                    pending = self._pending.pop(frame.number, None)
                    if pending is not None:
                        pending.reply.set(frame)
        except (OSError, ValueError):
            pass
        self._close()
        self._in.close()

    def _watch(self) -> None:
        """Look after the calls while there are any. Whatever fails here must not end it: calls would wait for ever."""
        while self._has_calls.wait() and not self.closed:
            gevent.sleep(_WATCH_INTERVAL)
            try:
                self._give_up_calls()
                self._look_at_engine()
            except Exception:
                log.exception("The calls of a channel could not be looked after")
            if not self._pending and not self.closed:
                self._has_calls.clear()
                self._last_beat = None

    def _give_up_calls(self) -> None:
        """Give up calls past their deadline and calls whose client has left.

        Clients are looked at from time to time, not waited for together with the engine: that would cost every call.
        """
        now = time.monotonic()
        for pending in list(self._pending.values()):
            if pending.deadline <= now:
                error = DeadlineExceeded("The answer did not come within the request's time.")
                pending.reply.set_exception(error)
            elif pending.client is not None and pending.client.has_left():
                pending.reply.set_exception(ClientDisconnected())

    def _look_at_engine(self) -> None:
        """Close if the engine has stopped moving, in two looks one after another: it may have been this process that
        stood still."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _PULSE_INTERVAL
        pulse = heartbeat.read(self._heartbeat)
        if pulse is not None and pulse.is_silent(now) and pulse.last_beat == self._last_beat:
            self._close(HANGS)
        self._last_beat = pulse.last_beat if pulse is not None else None

    def _close(self, reason: str = DOWN) -> None:
        if self.closed:
            return
        self.closed = True
        with contextlib.suppress(OSError):  # the engine has closed it already
            self._in.shutdown(socket.SHUT_RDWR)  # wakes the greenlets that use the sockets, which then close them
        lost, self._pending = self._pending, {}
        for number, pending in lost.items():
            pending.reply.set_exception((EngineDown if number in self._unsent else Unavailable)(reason))
        self._buffer.clear()
        self._must_send.set()
        self._has_calls.set()
