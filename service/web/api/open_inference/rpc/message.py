"""Reads a request's message, within its bounds."""

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from service.errors import BadRequest, ModelNotFound
from service.web.codecs.strings import MAX_ELEMENTS
from service.web.request import ModelSpec, Request

_SMALL = 1 << 18  # bytes; smaller messages cannot hold enough fields to matter
_MAX_FIELDS = MAX_ELEMENTS + 4096
_MAX_VERSION = 18  # digits
# fields that hold others without bound: `inputs` and in them `contents`, and `outputs`
_NESTED: dict[int, dict] = {5: {5: {}}, 6: {}}

Form = TypeVar("Form", bound=Message)


class _Malformed(Exception):
    """Not protobuf; its parser says so as well."""


def read_message(request: Request, form: type[Form]) -> Form:
    """Raises BadRequest."""
    body = request.body()
    if len(body) > _SMALL:
        _check_fields(memoryview(body))
    try:
        return form.FromString(body)  # type: ignore[no-any-return]
    except DecodeError:
        raise BadRequest(f"The message is not a {form.DESCRIPTOR.name}.") from None


def make_spec(name: str, version: str) -> ModelSpec:
    """Raises ModelNotFound for a version that is no number."""
    if not version:
        return ModelSpec(name)
    if not (version.isdecimal() and version.isascii() and len(version) <= _MAX_VERSION):
        raise ModelNotFound(f"Model '{name}' has no version {version}.")
    return ModelSpec(name, int(version))


def _check_fields(body: memoryview) -> None:
    """Raises BadRequest for more fields than a request can need: two bytes make one that takes a hundred of memory.

    A list of numbers is one field, whatever its length.
    """
    try:
        if _count_fields(body, _NESTED, _MAX_FIELDS) < 0:
            raise BadRequest(f"The message has more than {_MAX_FIELDS:,} fields; send tensors raw.")
    except (_Malformed, IndexError):
        pass


def _count_fields(body: memoryview, nested: dict[int, dict], left: int) -> int:
    """How many more fields may come after those of the body; negative if there are too many."""
    start = 0
    while start < len(body) and left >= 0:
        left -= 1
        key, start = _read_varint(body, start)
        match key & 7:
            case 0:
                _, start = _read_varint(body, start)
            case 1:
                start += 8
            case 2:
                size, start = _read_varint(body, start)
                if (inner := nested.get(key >> 3)) is not None:
                    left = _count_fields(body[start : start + size], inner, left)
                start += size
            case 5:
                start += 4
            case _:
                raise _Malformed
    return left


def _read_varint(body: memoryview, start: int) -> tuple[int, int]:
    """The number at `start`, and its end."""
    value = shift = 0
    while (byte := body[start]) & 0x80:
        value |= (byte & 0x7F) << shift
        shift += 7
        start += 1
        if shift > 63:
            raise _Malformed
    return value | byte << shift, start + 1
