"""A worker's line to an engine: one connection that carries all of its calls at once. For the greenlets of one thread.

What several greenlets have to say in one turn of the loop leaves in one send, and what an engine answers together comes
in one: a send that wakes another process costs as much as running a row of a small net.
"""

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

from service.errors import DeadlineExceeded, EngineDown, Unavailable
from service.ipc import wire
from service.ipc.frames import Frame, Frames, Unsent

DOWN = "The engine is not answering; it is being started again."

_READ = 1 << 17
_LOOK_AT_CALLERS = 0.05  # seconds
_NUMBERS = 1 << 32


class ClientGone(Exception):
    """Whoever asked has closed the connection: there is nobody to answer."""


@dataclass(slots=True)
class _Waiting:
    """A call that has no answer yet."""

    deadline: float
    caller: int | None
    answer: AsyncResult = field(default_factory=AsyncResult)


class Line:
    """Open from the start until `closed`, which is for ever. Raises EngineDown if there is nobody to connect to."""

    def __init__(self, path: Path) -> None:
        self.closed = False
        self._waiting: dict[int, _Waiting] = {}
        self._numbers = count()
        self._unsent = Unsent()
        self._not_sent: set[int] = set()
        self._in = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._in.connect(os.fspath(path))
        except OSError:
            self._in.close()
            raise EngineDown(DOWN) from None
        self._out = self._in.dup()
        self._out.settimeout(0.0)
        self._to_send, self._asked = Event(), Event()
        for task in (self._receive, self._send, self._watch):
            gevent.spawn(task)

    def call(
        self, head: wire.Call, arrays: Sequence[NDArray], deadline: float, caller: int | None = None
    ) -> tuple[wire.Reply, memoryview]:
        """The engine's reply and its body; `deadline` on the monotonic clock.

        `caller` is the descriptor of a client's socket: when that closes, the call is given up. Raises ClientGone,
        DeadlineExceeded; if the line breaks, EngineDown where the engine cannot have had the call, else Unavailable.
        """
        number = next(self._numbers) % _NUMBERS
        waiting = self._waiting[number] = _Waiting(deadline, caller)
        self._unsent.add(wire.frame(number, head, arrays))
        self._not_sent.add(number)
        self._asked.set()
        if len(self._waiting) > 1:
            self._to_send.set()  # with what others say in this turn of the loop
        else:
            self._send_now()
        try:
            frame: Frame = waiting.answer.get()
        finally:
            if self._waiting.pop(number, None) is not None:  # given up: the engine need not run it
                self._unsent.add(wire.frame(number, wire.CancelCall()))
                self._send_now()
        return wire.decode_reply(frame.head), frame.body

    def _send_now(self) -> None:
        """As much as the engine takes; the rest is left to the greenlet that waits for it."""
        try:
            if self._unsent.send(self._out):
                self._not_sent.clear()
            else:
                self._to_send.set()
        except OSError:
            self._close()

    def _send(self) -> None:
        while self._to_send.wait() and not self.closed:
            self._to_send.clear()
            self._send_now()
            if self._to_send.is_set():
                socket.wait_write(self._out.fileno())

    def _receive(self) -> None:
        frames = Frames()
        try:
            while data := self._in.recv(_READ):
                for frame in frames.feed(data):
                    waiting = self._waiting.pop(frame.number, None)
                    if waiting is not None:
                        waiting.answer.set(frame)
        except (OSError, ValueError):
            pass
        self._close()

    def _watch(self) -> None:
        """Give up calls whose time has passed or whose caller has left, while there are any.

        Callers are looked at now and then, and not waited for together with the engine, which would cost every call.
        """
        while self._asked.wait() and not self.closed:
            gevent.sleep(_LOOK_AT_CALLERS)
            now = time.monotonic()
            for waiting in list(self._waiting.values()):
                if waiting.deadline <= now:
                    error = DeadlineExceeded("The answer did not come within the request's time.")
                    waiting.answer.set_exception(error)
                elif waiting.caller is not None and _has_left(waiting.caller):
                    waiting.answer.set_exception(ClientGone())
            if not self._waiting and not self.closed:
                self._asked.clear()

    def _close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self._in.close()
        self._out.close()
        lost, self._waiting = self._waiting, {}
        for number, waiting in lost.items():
            waiting.answer.set_exception((EngineDown if number in self._not_sent else Unavailable)(DOWN))
        self._to_send.set()
        self._asked.set()


def _has_left(caller: int) -> bool:
    """Whether the socket of that descriptor has been closed by its other end; it may have sent more, and stay."""
    with socket.socket(fileno=os.dup(caller)) as twin:
        twin.settimeout(0.0)
        try:
            return bool(twin.recv(1, socket.MSG_PEEK) == b"")
        except BlockingIOError:
            return False
        except OSError:
            return True
