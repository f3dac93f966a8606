"""The encoded images in a request's body: raw, multipart files, or base64 in JSON."""

import io
from dataclasses import dataclass
from typing import cast

import msgspec
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from service.errors import BadRequest, RequestTooLarge
from service.web.body import parse_json

_PARTS_PER_IMAGE = 4  # parts of a multipart body: some clients send fields beside each file


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
        images = _read_files(body, media_type, options, limit)
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


def _open_memory_file(*_: object, **__: object) -> io.BytesIO:
    """The body is in memory already, within its bound, so its files need not go to disk."""
    return io.BytesIO()


def _read_files(body: bytes, media_type: str, options: dict[str, str], limit: int) -> list[bytes]:
    parser = FormDataParser(
        _open_memory_file,
        max_form_parts=_PARTS_PER_IMAGE * limit,
        cls=list,  # type: ignore[arg-type]  # keeps the files in the order sent; a dict would group them by field
        silent=False,
    )
    try:
        _, _, files = parser.parse(io.BytesIO(body), media_type, len(body), options)
    except RequestEntityTooLarge:
        raise RequestTooLarge(f"The request has too many parts; at most {limit} images are taken at once.") from None
    except ValueError as error:
        raise BadRequest(f"The multipart body is broken: {error}.") from None
    return [file.read() for _, file in cast(list[tuple[str, FileStorage]], files)]
