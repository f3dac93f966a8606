"""The encoded images in a request's body: raw, multipart files, or base64 in JSON."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import gevent
import msgspec
from multipart import MultipartError, MultipartSegment, PushMultipartParser
from werkzeug.http import parse_options_header

from service.errors import BadRequest, RequestTooLarge
from service.web.body import parse_json
from service.web.codecs.base64_text import decode_base64

_PARTS_PER_IMAGE = 4  # parts of a multipart body: some clients send fields beside each file
_MAX_HEADER = 8192  # bytes of one header of a part
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{")  # no image begins so; many clients send JSON without its content type
_PIECE = 1 << 20  # bytes; about 2 ms of work


@dataclass(frozen=True)
class Upload:
    """One encoded image; `title` names it in an error."""

    data: bytes
    title: str


class EncodedImage(msgspec.Struct, forbid_unknown_fields=True):
    """An image in any format that is read, as base64."""

    b64: bytes  # msgspec decodes base64 into bytes


class Instances(msgspec.Struct, forbid_unknown_fields=True):
    """Images in JSON."""

    instances: list[EncodedImage]


class _EncodedText(msgspec.Struct, forbid_unknown_fields=True):
    b64: str


class _TextInstances(msgspec.Struct, forbid_unknown_fields=True):
    instances: list[_EncodedText]


@dataclass
class _Part:
    """A part of a multipart body; only `is_file` says for sure that it holds an image."""

    is_file: bool
    pieces: list[bytes] = field(default_factory=list)

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)


def read_uploads(body: bytes, content_type: str, limit: int) -> list[Upload]:
    """1 to `limit` images in the order sent. Raises BadRequest, RequestTooLarge."""
    if content_type.startswith("image/"):
        return name_uploads([body])
    media_type, options = parse_options_header(content_type)
    if media_type == "multipart/form-data":
        images = _read_files(body, options, limit)
    elif media_type == "application/json" or _JSON.match(body):
        images = _read_json(body)
    else:
        images = [body]
    if not images:
        raise BadRequest("The request holds no image. As a file of multipart/form-data it needs a file name.")
    if len(images) > limit:
        raise RequestTooLarge(f"The request holds {len(images)} images; at most {limit} are taken at once.")
    return name_uploads(images)


def name_uploads(images: list[bytes]) -> list[Upload]:
    """Each image with its title: its place among the images, if there are several."""
    if len(images) == 1:
        return [Upload(images[0], "The image")]
    return [Upload(data, f"Image {number} of {len(images)}") for number, data in enumerate(images, 1)]


def _read_json(body: bytes) -> list[bytes]:
    """The images of `{"instances": [{"b64": ...}]}`. Raises BadRequest."""
    try:
        return [instance.b64 for instance in parse_json(body, Instances).instances]
    except BadRequest:  # base64 in another form, or a body that the next line refuses as well
        texts = [instance.b64 for instance in parse_json(body, _TextInstances).instances]
    images: list[bytes] = []
    for index, text in enumerate(texts):
        try:
            images.append(decode_base64(text))
        except ValueError as error:
            raise BadRequest(f"instances[{index}].b64 cannot be read: {error}.") from None
    return images


def _read_files(body: bytes, options: dict[str, str], limit: int) -> list[bytes]:
    """The parts that are files, in the order sent. Raises BadRequest, RequestTooLarge."""
    parts: list[_Part] = []
    try:
        with PushMultipartParser(options.get("boundary", ""), max_header_size=_MAX_HEADER) as parser:
            for event in _parse(parser, body):
                if isinstance(event, MultipartSegment):
                    parts.append(_Part(event.filename is not None or _has_image_type(event)))
                    if len(parts) > _PARTS_PER_IMAGE * limit:
                        raise RequestTooLarge(f"The request has too many parts; at most {limit} images are taken.")
                elif event:
                    parts[-1].pieces.append(bytes(event))
    except MultipartError as error:
        raise BadRequest(f"The multipart body is broken: {error}.") from None
    files = [part.data for part in parts if part.is_file]
    return files or [part.data for part in parts if not _is_text(part.data)]


def _has_image_type(segment: MultipartSegment) -> bool:
    content_type = segment.content_type or ""
    return content_type.startswith("image/") or content_type == "application/octet-stream"


def _is_text(data: bytes) -> bool:
    """Whether a part without a file name is a field of a form, and not an image that was sent without one."""
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


def _parse(parser: PushMultipartParser, body: bytes) -> Iterator[MultipartSegment | bytearray | None]:
    """The parser's events; after each piece of a large body the worker's other requests get a turn."""
    start = 0
    while start < len(body) and not parser.closed:  # it closes at the last boundary, whatever comes after that
        yield from parser.parse(body[start : start + _PIECE])
        start += _PIECE
        if start < len(body):
            gevent.sleep(0)
