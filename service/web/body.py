"""A request's body, read within its bounds, and the JSON in it."""

import time
from io import BytesIO
from typing import Protocol, TypeVar

import gevent
import msgspec

from service.errors import BadRequest, RequestTimeout, RequestTooLarge
from service.web.budget import Share

_CHUNK = 1 << 18  # bytes
_LARGE = 1 << 20  # bytes of JSON
_MAX_OBJECTS = 100_000  # in a body of JSON
_BOM = b"\xef\xbb\xbf"
TOO_LARGE = "The request's body is larger than {} bytes, the limit."

T = TypeVar("T")


class Stream(Protocol):
    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes of the body; empty at its end."""


def read_body(
    stream: Stream, content_length: int | None, limit: int, deadline: float, share: Share | None = None
) -> bytes:
    """The whole body, at most `limit` bytes; `content_length` as the client declares it, None if it does not.

    `share` takes the bytes as they arrive, so that a client which only declares many keeps them from nobody. Raises
    RequestTooLarge, Overloaded, and RequestTimeout after `deadline`, on the monotonic clock.
    """
    if content_length is not None and content_length > limit:
        raise RequestTooLarge(TOO_LARGE.format(limit))
    if share is not None:
        share.check(content_length or 0)
    body, size = BytesIO(), 0  # a list of parts would have to be joined, and take the body's memory twice
    try:
        while size != content_length and (part := stream.read(_CHUNK)):
            size += len(part)
            if size > limit:
                raise RequestTooLarge(TOO_LARGE.format(limit))
            if share is not None:
                share.take(len(part))
            body.write(part)
            if time.monotonic() > deadline:
                raise TimeoutError
    except TimeoutError:  # ours, or the socket's
        raise RequestTimeout("The request's body did not arrive in time.") from None
    return body.getvalue()


def give_turn(size: int) -> None:
    """Before a step over so many bytes: the worker's other requests run first, if it takes long. What came before may
    have taken long as well."""
    if size > _LARGE:
        gevent.sleep(0)


def parse_json(body: bytes, form: type[T]) -> T:
    """The JSON body as that type; a byte order mark before it is skipped.

    Raises BadRequest with the place where it differs.
    """
    give_turn(len(body))
    if body[:3] == _BOM:
        body = body[3:]
    if body.count(b"{") > _MAX_OBJECTS:  # each costs ten times its bytes of memory
        raise BadRequest(f"The JSON has more than {_MAX_OBJECTS:,} objects.")
    give_turn(len(body))
    try:
        return msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if b"\0" in body[:4]:
            raise BadRequest("JSON must be in UTF-8; this is UTF-16, UTF-32 or no text at all.") from None
        raise BadRequest(f"The JSON is not what this path takes: {error}.") from None
    except RecursionError:
        raise BadRequest("The JSON is nested too deeply.") from None
    finally:
        give_turn(len(body))
