"""Whether an HTTP client still waits for its answer, for those that work for it meanwhile.

A client that closes its connection and one that only has nothing more to send (`shutdown(SHUT_WR)`) look the same: both
send a FIN. To tell them apart the first bytes of the answer are sent early: they are the same for every answer, and a
client that has closed replies to them with a reset.
"""

import _socket
from collections.abc import Iterator
from contextlib import contextmanager

ANSWER_START = b"HTTP/1.1 "

_CLOSE, _CLOSE_WAIT = 7, 8  # states of TCP_INFO, in Linux's numbers


class ClientSocket:
    """The socket of a client, by its file descriptor, for the time of its connection."""

    def __init__(self, fd: int, address: str = "", is_plain: bool = True) -> None:
        """Without `is_plain` nothing is sent early, because the connection is encrypted: there a client that has closed
        is noticed only when it resets the connection."""
        self._fd, self.address, self._is_plain = fd, address, is_plain
        self._is_started = False

    def has_left(self) -> bool:
        """Whether the client has closed its end. Never waits; a client that has just sent a FIN is seen at the next
        call. To be called only between a whole request and its answer."""
        try:
            with self._borrow() as sock:
                state = sock.getsockopt(_socket.IPPROTO_TCP, _socket.TCP_INFO, 1)[0]
                if state == _CLOSE_WAIT and self._is_plain and not self._is_started:
                    self._is_started = sock.send(ANSWER_START, _socket.MSG_DONTWAIT) == len(ANSWER_START)
                return state == _CLOSE
        except BlockingIOError:
            return False
        except OSError:
            return True

    def remove_sent(self, answer: bytes) -> bytes:
        """What is left to send of an answer."""
        if not self._is_started:
            return answer
        self._is_started = False
        return answer.removeprefix(ANSWER_START)

    @contextmanager
    def _borrow(self) -> Iterator[_socket.socket]:
        """The socket without a descriptor of its own, of which none may be left."""
        sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM, 0, fileno=self._fd)
        try:
            yield sock
        finally:
            sock.detach()
