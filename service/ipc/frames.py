"""Whole frames out of a stream's bytes, wherever the stream cuts them, and frames into a stream that takes a part."""

import socket
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from service.ipc.wire import MAX_FRAME, PREFIX, Bytes

_PARTS = 256  # in one send; Linux takes 1024


class Frame(NamedTuple):
    """A call's number, and head and body as `wire` decodes them."""

    number: int
    head: memoryview
    body: memoryview


class Frames:
    """Keeps what has come of a frame until the rest of it comes."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._wanted = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now. Raises ValueError for one that is larger than any may be."""
        if self._kept:
            self._kept += data
            if len(self._kept) < self._wanted:
                return
            whole, self._kept = memoryview(self._kept), bytearray()
        else:
            whole = memoryview(data)
        while len(whole) >= (size := _size(whole)):
            head_at = PREFIX.size
            number, head, _ = PREFIX.unpack_from(whole)
            yield Frame(number, whole[head_at : head_at + head], whole[head_at + head : size])
            whole = whole[size:]
        self._kept += whole
        self._wanted = size


def _size(data: memoryview) -> int:
    """Bytes of the frame that begins here, as far as that is known yet."""
    if len(data) < PREFIX.size:
        return PREFIX.size
    _, head, body = PREFIX.unpack_from(data)
    size: int = PREFIX.size + head + body
    if size > MAX_FRAME:
        raise ValueError(f"A frame of {size} bytes cannot be.")
    return size


class Unsent:
    """Parts of frames that a non-blocking socket has not taken yet."""

    def __init__(self) -> None:
        self._parts: list[memoryview] = []

    def add(self, parts: Sequence[Bytes]) -> None:
        self._parts += map(memoryview, parts)

    def clear(self) -> None:
        self._parts.clear()

    def send(self, sock: socket.socket) -> bool:
        """Send what the socket takes now; True when nothing is left. Raises OSError if the other end has gone."""
        while self._parts:
            try:
                sent = sock.sendmsg(self._parts[:_PARTS])
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
