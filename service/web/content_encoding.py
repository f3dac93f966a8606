"""Bodies that clients compress: gzip and deflate, unpacked within the bound of a body."""

import zlib
from collections.abc import Callable

import gevent

from service.errors import BadRequest, RequestTooLarge, UnsupportedContentEncoding
from service.web.budget import Share

_PIECE = 1 << 18  # bytes of output after which the worker's other requests get a turn
_GZIP = 16 + zlib.MAX_WBITS
_ZLIB_METHOD = 8  # in the low bits of the first byte of a zlib stream; raw deflate has others there

Open = Callable[[bytes], "zlib._Decompress"]


def unpack(body: bytes, content_encoding: str, limit: int, share: Share | None = None) -> bytes:
    """The body without its content coding, at most `limit` bytes. An empty name or `identity` changes nothing.

    `share` takes the bytes as they are unpacked. Raises UnsupportedContentEncoding, BadRequest for data that are
    damaged or cut short, RequestTooLarge, Overloaded.
    """
    coding = content_encoding.strip().lower()
    if coding in ("", "identity"):
        return body
    if coding in ("gzip", "x-gzip"):
        return _unpack(body, limit, share, lambda _: zlib.decompressobj(_GZIP))
    if coding == "deflate":
        return _unpack(body, limit, share, _open_deflate)
    raise UnsupportedContentEncoding("The request's Content-Encoding must be gzip, deflate or identity.")


def _open_deflate(data: bytes) -> "zlib._Decompress":
    """RFC 9110 means a zlib stream; some clients send raw deflate."""
    return zlib.decompressobj(zlib.MAX_WBITS if data[0] & 15 == _ZLIB_METHOD else -zlib.MAX_WBITS)


def _unpack(body: bytes, limit: int, share: Share | None, open_stream: Open) -> bytes:
    parts, size = [], 0
    try:
        while body:  # a gzip body may have several members
            stream = open_stream(body)
            while not stream.eof:
                part = stream.decompress(body, _PIECE)
                body = stream.unconsumed_tail
                if not part and not body and not stream.eof:
                    raise BadRequest("The compressed body is cut short.")
                size += len(part)
                if size > limit:
                    raise RequestTooLarge(f"The body unpacks to more than {limit} bytes, the limit.")
                if share is not None:
                    share.take(len(part))
                parts.append(part)
                gevent.sleep(0)
            body = stream.unused_data
    except zlib.error:
        raise BadRequest("The body is not what its Content-Encoding says.") from None
    return b"".join(parts)
