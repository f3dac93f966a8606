"""A request's body, read within its bounds, and the encoded images in it: raw, multipart files, or base64 in JSON."""

import io
import time
from dataclasses import dataclass
from typing import Protocol, TypeVar, cast

import msgspec
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from service.errors import BadRequest, RequestTimeout, RequestTooLarge

_CHUNK = 1 << 18
_TOO_LARGE = "The request's body is over {} bytes, the most that is taken."

T = TypeVar("T")


class Stream(Protocol):
    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes of the body; none at its end."""


@dataclass(frozen=True)
class Upload:
    """One encoded image, and what to call it in an error."""

    data: bytes
    title: str


class _Encoded(msgspec.Struct, forbid_unknown_fields=True):
    b64: bytes  # msgspec decodes base64 into bytes


class _Instances(msgspec.Struct, forbid_unknown_fields=True):
    instances: list[_Encoded]


def read(stream: Stream, length: int | None, most: int, deadline: float) -> bytes:
    """The whole body, of at most `most` bytes; `length` is what the client says of it, if it says.

    Raises RequestTooLarge, and RequestTimeout after `deadline`, on the monotonic clock.
    """
    if length is not None and length > most:
        raise RequestTooLarge(_TOO_LARGE.format(most))
    parts, size = [], 0
    try:
        while size != length and (part := stream.read(_CHUNK)):
            parts.append(part)
            size += len(part)
            if size > most:
                raise RequestTooLarge(_TOO_LARGE.format(most))
            if time.monotonic() > deadline:
                raise TimeoutError
    except TimeoutError:  # or the socket's own limit on one read
        raise RequestTimeout("The request's body did not come in time.") from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


def uploads(body: bytes, content_type: str, most: int) -> list[Upload]:
    """The images in the order sent, at least one and at most `most`. Raises BadRequest, RequestTooLarge."""
    if content_type.startswith("image/"):
        return [Upload(body, "The image")]
    kind, options = parse_options_header(content_type)
    if kind == "multipart/form-data":
        found = _files(body, kind, options, most)
    elif kind == "application/json":
        found = [each.b64 for each in parse(body, _Instances).instances]
    else:
        return [Upload(body, "The image")]
    if not found:
        raise BadRequest("The request holds no image.")
    if len(found) > most:
        raise RequestTooLarge(f"The request holds {len(found)} images; at most {most} are taken at once.")
    return titled(found)


def titled(images: list[bytes]) -> list[Upload]:
    """Each called by its place, if there are several."""
    if len(images) == 1:
        return [Upload(images[0], "The image")]
    return [Upload(data, f"Image {at} of {len(images)}") for at, data in enumerate(images, 1)]


def _in_memory(*_: object, **__: object) -> io.BytesIO:
    """The body is in memory already, within its bound: its files need not go to disk."""
    return io.BytesIO()


def _files(body: bytes, kind: str, options: dict[str, str], most: int) -> list[bytes]:
    # a list keeps the files in the order sent, where the usual dictionary would group them by field
    parser = FormDataParser(_in_memory, max_form_parts=4 * most, cls=list, silent=False)  # type: ignore[arg-type]
    try:
        _, _, files = parser.parse(io.BytesIO(body), kind, len(body), options)
    except RequestEntityTooLarge:
        raise RequestTooLarge(f"The request has too many parts; at most {most} images are taken at once.") from None
    except ValueError as error:
        raise BadRequest(f"The multipart body is broken: {error}.") from None
    in_order = cast(list[tuple[str, FileStorage]], files)
    return [file.read() for _, file in in_order]


def parse(body: bytes | memoryview, form: type[T]) -> T:
    """The JSON body in that form. Raises BadRequest that says where it differs."""
    try:
        return msgspec.json.decode(body, type=form)
    except msgspec.DecodeError as error:
        raise BadRequest(f"The JSON is not what this path takes: {error}.") from None
