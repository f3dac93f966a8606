"""The engine's socket: reads calls from every worker, hands rows to the scheduler, sends replies as they come.

One thread runs `serve`; replies are sent by whichever thread has them, and only what does not fit into the socket at
once is left to the loop.
"""

import contextlib
import logging
import os
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from service.engine import wire
from service.engine.wire import Bytes

log = logging.getLogger(__name__)

_READ = 1 << 16
_BACKLOG = 512

Handler = Callable[["Connection", wire.Call, memoryview], None]


class Connection:
    """A worker's connection: at most one call at a time, so at most one reply is ever on its way."""

    def __init__(self, sock: socket.socket, wants_write: Callable[["Connection"], None]) -> None:
        self.sock = sock
        self.on_gone: Callable[[], None] | None = None
        self._wants_write = wants_write
        self._unsent: list[memoryview] = []
        self._frame = bytearray()
        self._filled = 0
        self._lock = threading.Lock()

    def receive(self) -> tuple[wire.Call, memoryview] | None:
        """A whole call if one has come, None if more must come first. Raises EOFError, ValueError."""
        if not self._frame:
            return self._begin(self.sock.recv(_READ))
        count = self.sock.recv_into(memoryview(self._frame)[self._filled :])
        if count == 0:
            raise EOFError
        self._filled += count
        return self._whole(memoryview(self._frame)) if self._filled == len(self._frame) else None

    def _begin(self, data: bytes) -> tuple[wire.Call, memoryview] | None:
        if len(data) < wire.LENGTHS.size:
            raise EOFError
        head, body = wire.LENGTHS.unpack_from(data)
        total = wire.LENGTHS.size + head + body
        if total == len(data):
            return self._whole(memoryview(data))
        if total > wire.MAX_FRAME or total < len(data):
            raise ValueError(f"A frame of {total} bytes cannot be.")
        self._frame = bytearray(total)
        self._frame[: len(data)] = data
        self._filled = len(data)
        return None

    def _whole(self, data: memoryview) -> tuple[wire.Call, memoryview]:
        self._frame = bytearray()
        body_at = wire.LENGTHS.size + wire.LENGTHS.unpack_from(data)[0]
        return wire.decode_call(data[wire.LENGTHS.size : body_at]), data[body_at:]

    def send(self, parts: Sequence[Bytes]) -> None:
        """Send now what the socket takes, the rest when it takes more. A peer that left is not an error."""
        with self._lock:
            self._unsent += [memoryview(part) for part in parts]
            if self._sent_all():
                return
        self._wants_write(self)

    def flush(self) -> bool:
        """Send on; True when nothing is left."""
        with self._lock:
            return self._sent_all()

    def _sent_all(self) -> bool:
        try:
            while self._unsent:
                sent = self.sock.sendmsg(self._unsent[:64])
                while self._unsent and sent >= len(self._unsent[0]):
                    sent -= len(self._unsent.pop(0))
                if sent:
                    self._unsent[0] = self._unsent[0][sent:]
        except BlockingIOError:
            return False
        except OSError:
            self._unsent.clear()
        return True


class Server:
    """Listens at `path` until `stop`; `handle` is called for every call, in the loop's thread."""

    def __init__(self, path: Path, handle: Handler) -> None:
        path.unlink(missing_ok=True)
        self._path, self._handle = path, handle
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

    def _wants_write(self, connection: Connection) -> None:
        self._to_write.append(connection)
        self._wake()

    def serve(self) -> None:
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._wake_read, selectors.EVENT_READ, self._woken)
        while not self._stopped:
            for key, events in self._selector.select():
                if isinstance(key.data, Connection):
                    self._serve_one(key.data, events)
                else:
                    key.data()
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:
            return
        sock.setblocking(False)
        self._selector.register(sock, selectors.EVENT_READ, Connection(sock, self._wants_write))

    def _woken(self) -> None:
        os.read(self._wake_read, 4096)
        while self._to_write:
            connection = self._to_write.popleft()
            if connection.sock.fileno() >= 0:
                self._selector.modify(connection.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, connection)

    def _serve_one(self, connection: Connection, events: int) -> None:
        if events & selectors.EVENT_WRITE and connection.flush():
            self._selector.modify(connection.sock, selectors.EVENT_READ, connection)
        if not events & selectors.EVENT_READ:
            return
        try:
            received = connection.receive()
            if received:
                self._handle(connection, *received)
        except BlockingIOError:
            pass
        except (EOFError, OSError):
            self._gone(connection)
        except Exception:
            log.exception("A call that cannot be read: its connection is closed")
            self._gone(connection)

    def _gone(self, connection: Connection) -> None:
        self._selector.unregister(connection.sock)
        connection.sock.close()
        if connection.on_gone:
            connection.on_gone()
