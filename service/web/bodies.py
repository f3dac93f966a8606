"""The encoded images in a request's body: raw bytes, multipart files, or base64 in JSON."""

from dataclasses import dataclass
from typing import TypeVar

import msgspec
from flask import Request

from service.errors import BadRequest, RequestTooLarge

T = TypeVar("T")


@dataclass(frozen=True)
class Upload:
    """One encoded image, and what to call it in an error."""

    data: bytes
    title: str


class _Encoded(msgspec.Struct, forbid_unknown_fields=True):
    b64: bytes  # msgspec decodes base64 into bytes


class _Instances(msgspec.Struct, forbid_unknown_fields=True):
    instances: list[_Encoded]


def uploads(request: Request, most: int) -> list[Upload]:
    """The images in the order sent, at least one. Raises BadRequest, RequestTooLarge."""
    if request.mimetype == "multipart/form-data":
        found = _files(request)
    elif request.mimetype == "application/json":
        found = [each.b64 for each in parse(request.get_data(), _Instances).instances]
    else:
        return [Upload(request.get_data(), "The image")]
    if not found:
        raise BadRequest("The request holds no image.")
    if len(found) > most:
        raise RequestTooLarge(f"The request holds {len(found)} images; at most {most} are taken at once.")
    if len(found) == 1:
        return [Upload(found[0], "The image")]
    return [Upload(data, f"Image {at} of {len(found)}") for at, data in enumerate(found, 1)]


def _files(request: Request) -> list[bytes]:
    return [file.read() for _, file in request.files.items(multi=True)]


def parse(body: bytes, form: type[T]) -> T:
    """The JSON body in that form. Raises BadRequest that says where it differs."""
    try:
        return msgspec.json.decode(body, type=form)
    except msgspec.DecodeError as error:
        raise BadRequest(f"The JSON is not what this path takes: {error}.") from None
