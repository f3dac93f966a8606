"""A worker's connection on the engine's side: many calls at once, replied to in any order by any thread."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from service.ipc.frames import Frame, FrameReader, SendBuffer
from service.ipc.wire import Bytes

_READ = 1 << 17  # bytes


class Connection:
    """`cancels` holds, by a call's number, what to do when no client waits for its reply any more."""

    def __init__(self, sock: socket.socket, wait_for_write: Callable[["Connection"], None]) -> None:
        self.sock = sock
        self.cancels: dict[int, Callable[[], None]] = {}
        self._wait_for_write = wait_for_write
        self._reader = FrameReader()
        self._buffer = SendBuffer()
        self._lock = threading.Lock()

    def receive(self) -> Iterator[Frame]:
        """The calls that are whole now. Raises EOFError, OSError, ValueError."""
        data = self.sock.recv(_READ)
        if not data:
            raise EOFError
        return self._reader.feed(data)

    def send(self, parts: Sequence[Bytes]) -> None:
        """Send what the socket takes now, or at the end of `corked`; a worker that has left is not an error."""
        with self._lock:
            self._buffer.add(parts)
        if _corked.connections is None:
            self.flush()
        else:
            _corked.connections.add(self)

    def flush(self) -> None:
        """Send what the socket takes; the rest is left to the server's loop."""
        if not self.send_buffered():
            self._wait_for_write(self)

    def send_buffered(self) -> bool:
        """Send what the socket takes; whether nothing is left."""
        with self._lock:
            try:
                return self._buffer.send(self.sock)
            except OSError:
                self._buffer.clear()
                return True

    def close(self) -> None:
        """The worker has left: close the socket and cancel the calls."""
        self.sock.close()
        for cancel in list(self.cancels.values()):
            cancel()


class _Corked(threading.local):
    connections: set[Connection] | None = None


_corked = _Corked()


@contextmanager
def corked() -> Iterator[None]:
    """Hold back what this thread sends; at the end it leaves in one send per connection."""
    connections: set[Connection] = set()
    _corked.connections = connections
    try:
        yield
    finally:
        _corked.connections = None
        for connection in connections:
            connection.flush()
