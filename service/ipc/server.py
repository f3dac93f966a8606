"""The engine's socket: reads the calls of every worker and hands them on.

One thread runs `serve`. Replies are sent by whichever thread has them; only what does not fit into the socket at once
is left to the loop.
"""

import contextlib
import logging
import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from service.errors import InkpawError
from service.heartbeat import INTERVAL
from service.ipc import wire
from service.ipc.connection import Connection, corked

log = logging.getLogger(__name__)

_BACKLOG = 512

Handler = Callable[[Connection, int, wire.Call, memoryview], None]


class Server:
    """Listens at `path` until `stop`.

    In the loop's thread, `handle` is called for every call, and `beat` twice a second for as long as the loop moves.
    """

    def __init__(self, path: Path, handle: Handler, beat: Callable[[], None] = lambda: None) -> None:
        path.unlink(missing_ok=True)
        self._path, self._handle, self._beat = path, handle, beat
        self._next_beat = 0.0
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(os.fspath(path))
        path.chmod(0o600)
        self._listener.listen(_BACKLOG)
        self._listener.setblocking(False)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._to_write: deque[Connection] = deque()
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # the pipe is full of wake-ups already
            os.write(self._wake_write, b"\0")

    def _wait_for_write(self, connection: Connection) -> None:
        self._to_write.append(connection)
        self._wake()

    def serve(self) -> None:
        """Run the loop until `stop`."""
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._wake_read, selectors.EVENT_READ, self._register_writes)
        while not self._stopped:
            self._beat_if_due()
            for key, events in self._selector.select(INTERVAL):
                if isinstance(key.data, Connection):
                    self._serve_connection(key.data, events)
                else:
                    key.data()
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _beat_if_due(self) -> None:
        now = time.monotonic()
        if now >= self._next_beat:
            self._next_beat = now + INTERVAL
            self._beat()

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:
            return
        sock.setblocking(False)
        self._selector.register(sock, selectors.EVENT_READ, Connection(sock, self._wait_for_write))

    def _register_writes(self) -> None:
        os.read(self._wake_read, 4096)
        while self._to_write:
            connection = self._to_write.popleft()
            if connection.sock.fileno() >= 0:
                self._selector.modify(connection.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, connection)

    def _serve_connection(self, connection: Connection, events: int) -> None:
        if events & selectors.EVENT_WRITE and connection.send_buffered():
            self._selector.modify(connection.sock, selectors.EVENT_READ, connection)
        if not events & selectors.EVENT_READ:
            return
        try:
            with corked():
                for frame in connection.receive():
                    self._answer(connection, frame.number, wire.decode_call(frame.head), frame.body)
        except BlockingIOError:
            pass
        except (EOFError, OSError):
            self._close(connection)
        except Exception:
            log.exception("A call cannot be read: its connection is closed")
            self._close(connection)

    def _answer(self, connection: Connection, number: int, call: wire.Call, body: memoryview) -> None:
        try:
            self._handle(connection, number, call, body)
        except Exception:
            log.exception("A call failed")
            connection.send(wire.make_frame(number, wire.ErrorReply(0, InkpawError.code, "The call failed.")))

    def _close(self, connection: Connection) -> None:
        self._selector.unregister(connection.sock)
        connection.close()
