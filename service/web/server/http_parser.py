"""HTTP/1.1 requests out of a connection's bytes, read by httptools (llhttp).

llhttp refuses what two servers may read in two ways: two lengths, a length beside chunks, bare line feeds, folded
lines.
"""

from collections import deque
from dataclasses import dataclass, field

import httptools

from service.errors import BadRequest, HeadTooLarge, InkpawError
from service.web.server.head import Head, read_head
from service.web.server.head_cache import find_head, remember_head

_MAX_OVERHEAD = 1 << 17  # bytes of a body's chunk sizes, extensions and trailers
_MAX_OVERHEAD_PER_BYTE = 16  # and so many more per byte of the body
MAX_HEAD = 1 << 15  # bytes; a head that arrives in one read may be as large as the read


@dataclass(slots=True)
class Message:
    """A request: its head, the parts of its body that are not consumed yet, and whether no more of them will come."""

    head: Head
    parts: deque[bytes] = field(default_factory=deque)
    complete: bool = False


class HttpParser:
    """The requests of one connection: each is in `messages` from the moment its head is complete.

    `error` says why no further request can be read. The connection must close after the answer to it.
    """

    def __init__(self) -> None:
        self.messages: deque[Message] = deque()
        self.error: InkpawError | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._message: Message | None = None
        self._resumes = False
        self._between_messages = True
        self._head_bytes: int | None = None  # read of a head that is not complete; None outside a head
        self._fed = 0
        self._raw, self._payload = 0, 0  # bytes since the message began, and those of them that are its body

    def feed(self, data: bytes) -> None:
        """Read the connection's next bytes. Never raises: what is wrong with them is in `error`."""
        if not self._between_messages or self.error is not None:
            self._parse(data)
        elif known := find_head(data):
            self.messages.append(Message(known[0], deque([known[1]]), complete=True))
        else:
            parser, count = self._parser, len(self.messages)
            self._parse(data)
            if self._between_messages and len(self.messages) == count + 1 and parser is self._parser:
                remember_head(data, self.messages[-1].head)

    def _parse(self, data: bytes) -> None:
        self._fed = len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            self.error = self.error or BadRequest(f"This is not a valid HTTP request: {error}.")
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD:
                self.error = self.error or HeadTooLarge(f"The request's head is larger than {MAX_HEAD} bytes.")
        elif not self._between_messages:
            self._raw += len(data)
            if self._raw - self._payload > _MAX_OVERHEAD + _MAX_OVERHEAD_PER_BYTE * self._payload:
                self.error = self.error or BadRequest("The body's chunks are mostly extensions, trailers or sizes.")

    def _feed(self, data: bytes) -> None:
        while True:
            try:
                self._parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                data = self._resume() + data[upgrade.args[0] :]

    def _resume(self) -> bytes:
        """Ignore a client's offer of another protocol; what to feed first, so that the request is served as HTTP.

        At such an offer the parser takes the rest for the other protocol. So a new one gets a head with nothing but the
        length of the body.
        """
        assert self._message is not None
        self._message.complete, self._resumes = False, True
        self._parser = httptools.HttpRequestParser(self)
        length = self._message.head.content_length
        field = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        return f"POST / HTTP/1.1\r\n{field}\r\n\r\n".encode()

    def on_message_begin(self) -> None:
        self._between_messages = False
        self._url, self._fields = b"", []
        self._raw, self._payload = 0, 0
        self._head_bytes = -self._fed  # the data in which it begins is not counted: where it begins is not known

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_bytes is not None:  # trailers after a body in chunks are ignored
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        if self._resumes:
            self._resumes = False
            return
        try:
            self._message = Message(read_head(self._parser, self._url, self._fields))
        except InkpawError as error:
            self.error = error
            raise
        self.messages.append(self._message)

    def on_body(self, part: bytes) -> None:
        assert self._message is not None
        self._payload += len(part)
        self._message.parts.append(part)

    def on_message_complete(self) -> None:
        assert self._message is not None
        self._message.complete = self._between_messages = True
