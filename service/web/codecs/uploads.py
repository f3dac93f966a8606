"""The encoded images in a request's body: raw, multipart files, or base64 in JSON."""

from collections.abc import Iterator
from dataclasses import dataclass

import gevent
import msgspec
from multipart import MultipartError, MultipartSegment, PushMultipartParser
from werkzeug.http import parse_options_header

from service.errors import BadRequest, RequestTooLarge
from service.web.body import parse_json

_PARTS_PER_IMAGE = 4  # parts of a multipart body: some clients send fields beside each file
_MAX_HEADER = 8192  # bytes of one header of a part
_PIECE = 1 << 20  # bytes; about 2 ms of work


@dataclass(frozen=True)
class Upload:
    """One encoded image; `title` names it in an error."""

    data: bytes
    title: str


class _Encoded(msgspec.Struct, forbid_unknown_fields=True):
    b64: bytes  # msgspec decodes base64 into bytes


class _Instances(msgspec.Struct, forbid_unknown_fields=True):
    instances: list[_Encoded]


def read_uploads(body: bytes, content_type: str, limit: int) -> list[Upload]:
    """1 to `limit` images in the order sent. Raises BadRequest, RequestTooLarge."""
    if content_type.startswith("image/"):
        return name_uploads([body])
    media_type, options = parse_options_header(content_type)
    if media_type == "multipart/form-data":
        images = _read_files(body, options, limit)
    elif media_type == "application/json":
        images = [instance.b64 for instance in parse_json(body, _Instances).instances]
    else:
        images = [body]
    if not images:
        raise BadRequest("The request holds no image.")
    if len(images) > limit:
        raise RequestTooLarge(f"The request holds {len(images)} images; at most {limit} are taken at once.")
    return name_uploads(images)


def name_uploads(images: list[bytes]) -> list[Upload]:
    """Each image with its title: its place among the images, if there are several."""
    if len(images) == 1:
        return [Upload(images[0], "The image")]
    return [Upload(data, f"Image {number} of {len(images)}") for number, data in enumerate(images, 1)]


def _read_files(body: bytes, options: dict[str, str], limit: int) -> list[bytes]:
    """The parts with a file name, in the order sent. Raises BadRequest, RequestTooLarge."""
    files: list[list[bytes]] = []
    parts, is_file = 0, False
    try:
        with PushMultipartParser(options.get("boundary", ""), max_header_size=_MAX_HEADER) as parser:
            for event in _parse(parser, body):
                if isinstance(event, MultipartSegment):
                    parts, is_file = parts + 1, event.filename is not None
                    if is_file:
                        files.append([])
                    if parts > _PARTS_PER_IMAGE * limit:
                        raise RequestTooLarge(f"The request has too many parts; at most {limit} images are taken.")
                elif event and is_file:
                    files[-1].append(bytes(event))
    except MultipartError as error:
        raise BadRequest(f"The multipart body is broken: {error}.") from None
    return [b"".join(pieces) for pieces in files]


def _parse(parser: PushMultipartParser, body: bytes) -> Iterator[MultipartSegment | bytearray | None]:
    """The parser's events; after each piece of a large body the worker's other requests get a turn."""
    start = 0
    while start < len(body) and not parser.closed:  # it closes at the last boundary, whatever comes after that
        yield from parser.parse(body[start : start + _PIECE])
        start += _PIECE
        if start < len(body):
            gevent.sleep(0)
