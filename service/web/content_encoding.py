"""Bodies that clients compress: gzip and deflate, unpacked within the bound of a body and the time of a request."""

import math
import time
import zlib
from collections.abc import Callable

import gevent

from service.client_socket import ClientSocket
from service.errors import (
    BadRequest,
    ClientDisconnected,
    RequestTimeout,
    RequestTooLarge,
    UnsupportedContentEncoding,
)
from service.web.budget import Share

_PIECE = 1 << 18  # bytes, in and out, after which the worker's other requests get a turn
_SLICE = 1 << 14  # bytes that zlib is given at once, because it copies those that it leaves
_MAX_MEMBERS = 1000  # each costs as much as a slice, however small it is
_GZIP = 16 + zlib.MAX_WBITS
_ZLIB_METHOD = 8  # in the low bits of the first byte of a zlib stream; raw deflate has others there

Open = Callable[[int], "zlib._Decompress"]  # from the first byte of the data


def check_content_encoding(content_encoding: str) -> None:
    """Raises UnsupportedContentEncoding if `unpack` does not know the coding."""
    _choose_open(content_encoding)


def unpack(
    body: bytes,
    content_encoding: str,
    limit: int,
    share: Share | None = None,
    deadline: float = math.inf,
    client: ClientSocket | None = None,
) -> bytes:
    """The body without its content coding, at most `limit` bytes. An empty name or `identity` changes nothing.

    `share` takes the bytes as they are unpacked. Raises UnsupportedContentEncoding, BadRequest for data that are
    damaged, cut short or in too many members, RequestTooLarge, Overloaded, ClientDisconnected, and RequestTimeout after
    `deadline`, on the monotonic clock.
    """
    open_stream = _choose_open(content_encoding)
    if open_stream is None:
        return body
    try:
        return _unpack(memoryview(body), limit, share, open_stream, lambda: _give_turn(deadline, client))
    except zlib.error:
        raise BadRequest("The body is not what its Content-Encoding says.") from None


def _choose_open(content_encoding: str) -> Open | None:
    """What opens a stream of that coding; None if there is nothing to unpack."""
    match content_encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return lambda _: zlib.decompressobj(_GZIP)
        case "deflate":
            return _open_deflate
    raise UnsupportedContentEncoding("The request's Content-Encoding must be gzip, deflate or identity.")


def _open_deflate(first: int) -> "zlib._Decompress":
    """RFC 9110 means a zlib stream; some clients send raw deflate."""
    return zlib.decompressobj(zlib.MAX_WBITS if first & 15 == _ZLIB_METHOD else -zlib.MAX_WBITS)


def _unpack(
    body: memoryview, limit: int, share: Share | None, open_stream: Open, give_turn: Callable[[], None]
) -> bytes:
    parts: list[bytes] = []
    size = position = members = work = 0
    while position < len(body):  # a gzip body may have several members
        members += 1
        if members > _MAX_MEMBERS:
            raise BadRequest(f"The compressed body has more than {_MAX_MEMBERS:,} members.")
        stream = open_stream(body[position])
        while not stream.eof:
            given = body[position : position + _SLICE]
            part = stream.decompress(given, _PIECE)
            left = stream.unused_data if stream.eof else stream.unconsumed_tail  # at the end both may hold it
            position += len(given) - len(left)
            if not part and not given and not stream.eof:
                raise BadRequest("The compressed body is cut short.")
            size += len(part)
            if size > limit:
                raise RequestTooLarge(f"The body unpacks to more than {limit} bytes, the limit.")
            if share is not None:
                share.take(len(part))
            parts.append(part)
            work += len(given) + len(part)
            if work >= _PIECE:
                work = 0
                give_turn()
    return b"".join(parts)


def _give_turn(deadline: float, client: ClientSocket | None) -> None:
    """Let the worker's other requests run. Raises RequestTimeout, ClientDisconnected if nobody waits any more."""
    gevent.sleep(0)
    if time.monotonic() > deadline:
        raise RequestTimeout("The request's body was not unpacked in time.")
    if client is not None and client.has_left():
        raise ClientDisconnected
