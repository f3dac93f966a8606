"""BYTES tensors for inputs and outputs that are strings: arrays of `bytes`, in JSON or in binary.

In JSON an element is a text, in UTF-8. Other bytes are base64: under /v2 all elements of a tensor, which says so by
`"content_type": "base64"` in its parameters; under /v1 any element, as an object `{"b64": "..."}`.
"""

import struct
from base64 import b64encode
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.errors import BadRequest
from service.web.body import give_turn
from service.web.codecs.base64_text import decode_base64
from service.web.codecs.tensors import count_elements, split_elements

BASE64 = "base64"
MAX_ELEMENTS = 1 << 16  # per tensor; each is an object of its own, and costs far more than its bytes
MAX_QUOTES = 4  # per element: around a text, or around the key and the text of an object

_EMPTY = b"[], \t\r\n"  # what JSON lists without elements are made of
_LENGTH = struct.Struct("<I")


class _Encoded(msgspec.Struct, forbid_unknown_fields=True):
    b64: bytes  # msgspec decodes base64 into bytes


class _EncodedText(msgspec.Struct, forbid_unknown_fields=True):
    b64: str


class Form(NamedTuple):
    """How elements are written: their type for msgspec, and the bytes of one; base64 that is not strict is a second
    type, tried after the first.
    """

    title: str
    types: tuple[Any, ...]
    read: Callable[[Any], bytes]


def _read_object(element: str | _Encoded | _EncodedText) -> bytes:
    if isinstance(element, str):
        return element.encode()
    return element.b64 if isinstance(element, _Encoded) else decode_base64(element.b64)


TEXTS = Form("texts", (str,), str.encode)
BASE64_TEXTS = Form("base64 texts", (bytes, str), lambda text: text if isinstance(text, bytes) else decode_base64(text))
TEXTS_OR_OBJECTS = Form('texts or {"b64": ...} objects', (str | _Encoded, str | _EncodedText), _read_object)


def from_json(name: str, shape: Sequence[int], data: bytes, form: Form = TEXTS) -> NDArray:
    """The array of a JSON list: flat, or nested as its shape says. Raises BadRequest.

    `data` has passed a JSON parser already.
    """
    count = count_strings(name, shape)
    give_turn(len(data))
    try:
        if count_quotes(data) > MAX_QUOTES * count:
            raise ValueError("it has other elements")
        elements = _decode_any(data, shape, count, form) if data.strip(_EMPTY) or count else []
        return np.fromiter(map(form.read, elements), object, count).reshape(shape)
    except (ValueError, msgspec.DecodeError) as error:
        reason = "" if isinstance(error, (msgspec.DecodeError, UnicodeError)) else f": {error}"
        raise BadRequest(f"Input '{name}' is not a list of {form.title} of the shape {list(shape)}{reason}.") from None


def from_bytes(name: str, shape: Sequence[int], blob: memoryview) -> NDArray:
    """The array of elements that are each a length, uint32, and as many bytes. Raises BadRequest."""
    count = count_strings(name, shape)
    return np.fromiter(split_elements(name, blob, count), object, count).reshape(shape)


def to_bytes(array: NDArray) -> bytes:
    elements: list[bytes] = array.ravel().tolist()
    return b"".join(chain.from_iterable((_LENGTH.pack(len(element)), element) for element in elements))


def to_json(array: NDArray) -> dict[str, Any]:
    """The fields `data` and, for base64, `parameters` of an output."""
    elements: list[bytes] = array.ravel().tolist()
    try:
        return {"data": [element.decode() for element in elements]}
    except UnicodeDecodeError:
        data = [b64encode(element).decode() for element in elements]
        return {"parameters": {"content_type": BASE64}, "data": data}


def count_quotes(data: bytes) -> int:
    """At least one per text: one that ends in a backslash, escaped, hides its last."""
    quotes = data.count(b'"')
    give_turn(len(data))
    escaped = data.count(b'\\"')
    give_turn(len(data))
    return quotes - escaped


def count_strings(name: str, shape: Sequence[int]) -> int:
    """How many elements a tensor of strings has. Raises BadRequest."""
    count = count_elements(name, shape)
    if count > MAX_ELEMENTS:
        raise BadRequest(f"Input '{name}' has {count} elements; a BYTES tensor has at most {MAX_ELEMENTS}.")
    return count


def _decode_any(data: bytes, shape: Sequence[int], count: int, form: Form) -> list[Any]:
    """The elements, of the first of the form's types that fits."""
    *others, last = form.types
    for element in others:
        try:
            return _decode(data, shape, count, element)
        except msgspec.ValidationError:
            pass
    return _decode(data, shape, count, last)


def _decode(data: bytes, shape: Sequence[int], count: int, element: Any) -> list[Any]:
    """The elements of a list that is flat or nested as the shape. Ends at the first list of another length."""
    give_turn(len(data))
    try:
        values: list[Any] = msgspec.json.decode(data, type=_list_of(element, count))
    except msgspec.ValidationError:
        form: Any = element
        for size in reversed(shape):
            form = _list_of(form, size)
        give_turn(len(data))
        values = msgspec.json.decode(data, type=form)
        if not shape:
            return [values]
        for _ in shape[1:]:
            values = list(chain.from_iterable(values))
    return values


def _list_of(form: Any, size: int) -> Any:
    return Annotated[list[form], msgspec.Meta(min_length=size, max_length=size)]
