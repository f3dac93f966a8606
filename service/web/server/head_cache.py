"""Heads that have been parsed before: a client that sends request after request sends the same head each time."""

from service.web.server.head import Head

_MAX_HEADS = 256
_MAX_BYTES = 2048  # per head; so all of them hold at most 512 KiB
_END = b"\r\n\r\n"

_heads: dict[bytes, Head] = {}


def find_head(data: bytes) -> tuple[Head, bytes] | None:
    """The head and the whole body if `data` is exactly one request whose head is known."""
    end = data.find(_END, 0, _MAX_BYTES) + len(_END)
    head = _heads.get(data[:end])
    if head is None or head.content_length != len(data) - end:
        return None
    return head, data[end:]


def remember_head(data: bytes, head: Head) -> None:
    """Keep the head of `data`, which the parser has read as one whole request."""
    end = data.find(_END, 0, _MAX_BYTES) + len(_END)
    if head.content_length == len(data) - end:
        if len(_heads) >= _MAX_HEADS:
            _heads.clear()
        _heads[data[:end]] = head
