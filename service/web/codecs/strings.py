"""BYTES tensors for inputs and outputs that are strings: arrays of `bytes`, in JSON or in binary.

In JSON an element is a text, in UTF-8. An input whose elements are other bytes says `"content_type": "base64"` in its
parameters, and so does an output of which any element is no UTF-8: then all of its elements are base64.
"""

import struct
from base64 import b64encode
from collections.abc import Sequence
from itertools import chain
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.errors import BadRequest
from service.web.codecs.tensors import count_elements, split_elements

BASE64 = "base64"
MAX_ELEMENTS = 1 << 16  # per tensor; each is an object of its own, and costs far more than its bytes

_EMPTY = b"[], \t\r\n"  # what JSON lists without elements are made of
_LENGTH = struct.Struct("<I")


def from_json(name: str, shape: Sequence[int], data: bytes, content_type: str = "") -> NDArray:
    """The array of a JSON list of texts: flat, or nested as its shape says. Raises BadRequest.

    `data` has passed a JSON parser already.
    """
    count = _count(name, shape)
    element = bytes if content_type == BASE64 else str  # msgspec decodes base64 into bytes
    try:
        if data.count(b'"') - data.count(b'\\"') > 2 * count:  # never less than the number of texts
            raise ValueError
        values = _decode(data, shape, count, element) if data.strip(_EMPTY) or count else []
        elements = values if element is bytes else [text.encode() for text in values]
        return np.fromiter(elements, object, count).reshape(shape)
    except (ValueError, msgspec.DecodeError):
        kind = "base64 texts" if element is bytes else "texts"
        raise BadRequest(f"Input '{name}' is not a list of {kind} of the shape {list(shape)}.") from None


def from_bytes(name: str, shape: Sequence[int], blob: memoryview) -> NDArray:
    """The array of elements that are each a length, uint32, and as many bytes. Raises BadRequest."""
    count = _count(name, shape)
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


def _count(name: str, shape: Sequence[int]) -> int:
    count = count_elements(name, shape)
    if count > MAX_ELEMENTS:
        raise BadRequest(f"Input '{name}' has {count} elements; a BYTES tensor has at most {MAX_ELEMENTS}.")
    return count


def _decode(data: bytes, shape: Sequence[int], count: int, element: type) -> list[Any]:
    """The elements of a list that is flat or nested as the shape. Ends at the first list of another length."""
    try:
        values: list[Any] = msgspec.json.decode(data, type=_list_of(element, count))
    except msgspec.ValidationError:
        form: Any = element
        for size in reversed(shape):
            form = _list_of(form, size)
        values = msgspec.json.decode(data, type=form)
        for _ in shape[1:]:
            values = list(chain.from_iterable(values))
    return values


def _list_of(form: Any, size: int) -> Any:
    return Annotated[list[form], msgspec.Meta(min_length=size, max_length=size)]
