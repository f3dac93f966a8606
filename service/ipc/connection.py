"""A worker's connection, as the engine has it: many calls at once, answered in any order by any thread."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from service.ipc.frames import Frame, Frames, Unsent
from service.ipc.wire import Bytes

_READ = 1 << 17


class Connection:
    """`cancels` holds, by a call's number, what to do when nobody waits for its answer any more."""

    def __init__(self, sock: socket.socket, wants_write: Callable[["Connection"], None]) -> None:
        self.sock = sock
        self.cancels: dict[int, Callable[[], None]] = {}
        self._wants_write = wants_write
        self._frames = Frames()
        self._unsent = Unsent()
        self._lock = threading.Lock()

    def receive(self) -> Iterator[Frame]:
        """The calls that are whole now. Raises EOFError, OSError, ValueError."""
        data = self.sock.recv(_READ)
        if not data:
            raise EOFError
        return self._frames.feed(data)

    def send(self, parts: Sequence[Bytes]) -> None:
        """Send now what the socket takes, or with more at the end of `together`; a peer that left is not an error."""
        with self._lock:
            self._unsent.add(parts)
        if _held.connections is None:
            self.flush()
        else:
            _held.connections.add(self)

    def flush(self) -> None:
        """Send what the socket takes; what it does not take is left to the server's loop."""
        if not self.sent_all():
            self._wants_write(self)

    def sent_all(self) -> bool:
        with self._lock:
            try:
                return self._unsent.send(self.sock)
            except OSError:
                self._unsent.clear()
                return True

    def gone(self) -> None:
        """Nobody is there any more: close it and cancel its calls."""
        self.sock.close()
        for cancel in list(self.cancels.values()):
            cancel()


class _Held(threading.local):
    connections: set[Connection] | None = None


_held = _Held()


@contextmanager
def together() -> Iterator[None]:
    """What this thread sends meanwhile leaves at the end, in one send a connection."""
    held: set[Connection] = set()
    _held.connections = held
    try:
        yield
    finally:
        _held.connections = None
        for connection in held:
            connection.flush()
