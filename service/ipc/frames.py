"""Whole frames out of a stream, wherever its reads are cut; and frames into a socket that takes a part at a time."""

import socket
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from service.ipc.wire import MAX_FRAME, PREFIX, Bytes

_MAX_PARTS = 256  # per send; Linux takes 1024


class Frame(NamedTuple):
    """A call's number, and its head and body as `wire` decodes them."""

    number: int
    head: memoryview
    body: memoryview


class FrameReader:
    """Keeps the beginning of a frame until the rest of it comes."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._pending_size = 0  # bytes of the whole frame that is pending

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now. Raises ValueError for a frame over MAX_FRAME bytes."""
        if self._pending:
            self._pending += data
            if len(self._pending) < self._pending_size:
                return
            unread, self._pending = memoryview(self._pending), bytearray()
        else:
            unread = memoryview(data)
        while len(unread) >= (size := _read_size(unread)):
            start = PREFIX.size
            number, head_size, _ = PREFIX.unpack_from(unread)
            yield Frame(number, unread[start : start + head_size], unread[start + head_size : size])
            unread = unread[size:]
        self._pending += unread
        self._pending_size = size


def _read_size(data: memoryview) -> int:
    """Bytes of the frame that begins here, as far as they are known yet."""
    if len(data) < PREFIX.size:
        return PREFIX.size
    _, head_size, body_size = PREFIX.unpack_from(data)
    size: int = PREFIX.size + head_size + body_size
    if size > MAX_FRAME:
        raise ValueError(f"A frame of {size} bytes is over the limit of {MAX_FRAME}.")
    return size


class SendBuffer:
    """Parts of frames that a non-blocking socket has not taken yet."""

    def __init__(self) -> None:
        self._parts: list[memoryview] = []

    def add(self, parts: Sequence[Bytes]) -> None:
        self._parts += map(memoryview, parts)

    def clear(self) -> None:
        self._parts.clear()

    def remove(self, parts: Sequence[Bytes]) -> bool:
        """Take back a frame that was added, if none of its bytes has been sent; whether it was so."""
        first = parts[0]
        for index, part in enumerate(self._parts):
            if part.obj is first and len(part) == len(first):
                del self._parts[index : index + len(parts)]
                return True
        return False

    def send(self, sock: socket.socket) -> bool:
        """Send what the socket takes now; True when nothing is left. Raises OSError if the other end has gone."""
        while self._parts:
            try:
                sent = sock.sendmsg(self._parts[:_MAX_PARTS])
            except BlockingIOError:
                return False
            whole = 0
            while whole < len(self._parts) and sent >= len(self._parts[whole]):
                sent -= len(self._parts[whole])
                whole += 1
            del self._parts[:whole]
            if sent:
                self._parts[0] = self._parts[0][sent:]
        return True
