"""A client's connection: its requests one after another, their bodies, and the answers."""

import time
from collections import deque
from collections.abc import Callable

import gevent
from gevent import Timeout, socket
from gevent.hub import get_hub
from gevent.ssl import SSLSocket

from service.client_socket import ClientSocket
from service.errors import ClientDisconnected
from service.web.body import Stream
from service.web.server.http_parser import HttpParser, Message

_READ = 1 << 16  # bytes per read of a head
_READ_BODY = 1 << 18
MAX_DRAINED = 1 << 26  # bytes of a body that its answer did not need
_LINGER = 1.0  # seconds
_MIN_TIMEOUT = 0.001  # seconds; a timeout of 0 would make the socket non-blocking
_MAX_STEPS = 4  # reads and sends without a wait, after which the worker's other connections get a turn
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection:
    """Reads and writes wait until `deadline`, on the monotonic clock; without one as long as it takes."""

    def __init__(self, sock: socket.socket, address: str = "") -> None:
        """`address` is the client's, which the socket does not know any more once the client has reset it."""
        self.sock = sock
        self.client = ClientSocket(sock.fileno(), address, is_plain=not isinstance(sock, SSLSocket))
        self.deadline: float | None = None
        self._parser = HttpParser()
        self._steps, self._turn = 0, 0

    @property
    def has_message(self) -> bool:
        """Whether the head of the next request is there, or what is wrong with it."""
        return bool(self._parser.messages) or self.broken

    @property
    def broken(self) -> bool:
        """Whether the client has sent what cannot be read: nothing after it will be."""
        return self._parser.error is not None

    def wait(self) -> bool:
        """Wait for the first bytes of the next request; False if the client has closed. Raises ClientDisconnected."""
        self.deadline = None
        return self.has_message or self._receive(_READ)

    def read_message(self) -> Message:
        """The next request, as soon as its head is complete.

        Raises BadRequest, HeadTooLarge; TimeoutError after the deadline; ClientDisconnected, OSError.
        """
        while not self._parser.messages:
            self.read_more(_READ)
        return self._parser.messages.popleft()

    def read_more(self, size: int = _READ_BODY) -> None:
        """Read up to `size` bytes into the messages. Raises as `read_message` does."""
        if self._parser.error is not None:
            raise self._parser.error
        if not self._receive(size):
            raise ClientDisconnected

    def _receive(self, size: int) -> bool:
        self._give_turn()
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise TimeoutError  # a client that never pauses would never let the socket's own timeout pass
        self._set_timeout()
        try:
            data = self.sock.recv(size)
        except TimeoutError:
            raise
        except OSError:  # reset, which is how a client leaves that has not read everything
            raise ClientDisconnected from None
        if data:
            self._parser.feed(data)
        return bool(data)

    def send(self, data: bytes) -> None:
        """Send all. `sendall` alone would first ask the kernel for its buffer's size; most answers fit without it."""
        self._give_turn()
        self._set_timeout()
        data = self.client.remove_sent(data)
        sent = self.sock.send(data)
        if sent < len(data):
            self.sock.sendall(data[sent:])

    def _give_turn(self) -> None:
        """A socket that is always ready never waits, and would keep the loop from all other connections."""
        turn = get_hub().loop.iteration
        if turn != self._turn:
            self._steps, self._turn = 0, turn
        self._steps += 1
        if self._steps > _MAX_STEPS:
            gevent.sleep(0)

    def _set_timeout(self) -> None:
        self.sock.settimeout(None if self.deadline is None else max(_MIN_TIMEOUT, self.deadline - time.monotonic()))

    def linger(self) -> None:
        """Let the client read its answer: a close with unread bytes would reset the connection and lose the answer."""
        with Timeout(_LINGER, False):
            self.sock.shutdown(socket.SHUT_WR)
            self.sock.settimeout(None)
            while self.sock.recv(_READ):  # past the parser, which would keep what nobody reads
                gevent.sleep(0)


class Body:
    """The body of a message, read from its connection; never a byte of the next request."""

    def __init__(self, connection: Connection, message: Message, on_complete: Callable[[], None] | None = None) -> None:
        """`on_complete` is called when a read brings the end of the body; what it raises, the read raises."""
        self._connection, self._message, self._on_complete = connection, message, on_complete
        self.awaits_continue = message.head.headers.get("EXPECT", "").lower() == "100-continue"

    @property
    def complete(self) -> bool:
        """Whether no more bytes will come from the connection."""
        return self._message.complete

    @property
    def can_drain(self) -> bool:
        """Whether the rest may be discarded to reach the next request: it is not too much, and the client sends it."""
        length = self._message.head.content_length  # None for chunks, which may go on for ever
        readable = not (self._connection.broken or self.awaits_continue)
        return self.complete or (readable and length is not None and length <= MAX_DRAINED)

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; empty at the end. Raises as Connection.read_message does."""
        message = self._message
        while not message.parts:
            if message.complete:
                return b""
            if self.awaits_continue:
                self.awaits_continue = False
                self._connection.send(_CONTINUE)
            self._connection.read_more()
            if message.complete and self._on_complete is not None:
                self._on_complete()
        return _take(message.parts, size)


def _take(parts: deque[bytes], size: int) -> bytes:
    """Up to `size` bytes of the parts in one piece: a client may send a chunk per byte."""
    part = parts.popleft()
    if len(part) > size:
        parts.appendleft(part[size:])
        return part[:size]
    if not parts:
        return part
    pieces = [part]
    size -= len(part)
    while parts and len(parts[0]) <= size:
        size -= len(parts[0])
        pieces.append(parts.popleft())
    return b"".join(pieces)


def drain(body: Stream, limit: int) -> bool:
    """Discard the rest of a body; False if it does not end within `limit` bytes. Raises what its reads raise."""
    while limit > 0 and (part := body.read(min(limit, _READ))):
        limit -= len(part)
    return limit > 0
