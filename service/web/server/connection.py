"""What a connection brings after the head of a request: its body, and whatever the next reader should see first."""

from gevent import socket

from service.ipc.client import ClientGone
from service.web.body import Stream

_CHUNK = 1 << 16


class Body:
    """`length` bytes: `begun` came with the head, `left` are not read yet; never one of the next request."""

    def __init__(self, sock: socket.socket, begun: bytes, length: int) -> None:
        self._sock, self._begun = sock, begun
        self.left = length

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end. Raises ClientGone if the client leaves before that, TimeoutError."""
        size = min(size, self.left)
        if size and not self._begun:
            self._begun = self._sock.recv(size)
            if not self._begun:
                raise ClientGone
        part, self._begun = self._begun[:size], self._begun[size:]
        self.left -= len(part)
        return part


def skipped(body: Stream, most: int) -> bool:
    """Read for nothing what is left of a body; whether it ended before `most` bytes. Raises what its reads raise."""
    while most > 0 and (part := body.read(min(most, _CHUNK))):
        most -= len(part)
    return most > 0


class Begun(socket.socket):  # type: ignore[misc]
    """A connection of which `begun` has been read already, and is read again."""

    def __init__(self, sock: socket.socket, begun: bytes) -> None:
        super().__init__(fileno=sock.detach())
        self._begun = begun

    def recv(self, size: int, flags: int = 0) -> bytes:
        if not self._begun:
            return bytes(super().recv(size, flags))
        part, self._begun = self._begun[:size], self._begun[size:]
        return part
