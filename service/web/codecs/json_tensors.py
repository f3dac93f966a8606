"""Tensors in JSON. Large ones are read piece by piece, so that the worker's other requests go on in between."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import gevent
import msgspec
import numpy as np
from numpy.typing import NDArray

from service.errors import BadRequest
from service.web.codecs import not_finite
from service.web.codecs.json_shapes import check_structure
from service.web.codecs.tensors import count_elements, get_dtype

_PIECE = 1 << 16  # bytes of JSON; about 2 ms of work
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    "b": msgspec.json.Decoder(list[bool]),
    "i": msgspec.json.Decoder(list[int]),
    "u": msgspec.json.Decoder(list[int]),
    "f": msgspec.json.Decoder(list[float]),
}
_WORDS = msgspec.json.Decoder(list[float | Literal[not_finite.NAMES]])  # type: ignore[valid-type]
_WIDE = {"b": np.bool_, "i": np.int64, "u": np.uint64, "f": np.float64}
_SEPARATOR = re.compile(rb",")


def from_json(name: str, datatype: str, shape: Sequence[int], data: bytes) -> NDArray:
    """The array in a JSON list: flat, or nested as its shape says. Raises BadRequest.

    `data` has passed a JSON parser already, and `not_finite.quote_words` before it.
    """
    dtype = get_dtype(name, datatype)
    count = count_elements(name, shape)
    try:
        if len(data) > _PIECE:
            gevent.sleep(0)
        check_structure(data, shape, count)
        if len(data) > _PIECE:
            gevent.sleep(0)
        elements = data.translate(None, b"[] \t\r\n")
        array = np.empty(count, dtype)
        start = 0
        for piece in _split(elements if count else elements.strip(b",")):  # the commas of `[[],[]]`
            values = _read_piece(piece, dtype)
            array[start : start + len(values)] = values
            start += len(values)
        if start != count:  # `[]` and `[1]` have one structure
            raise ValueError(f"it has {start} elements")
        return array.reshape(shape)
    except (ValueError, msgspec.DecodeError) as error:
        raise BadRequest(f"Input '{name}' is not {datatype} {list(shape)}: {error}.") from None


def to_json(array: NDArray) -> list[Any]:
    """The elements in C order. What JSON has no number for is a text: "NaN", "Infinity", "-Infinity".

    So protobuf's JSON mapping writes them; `null` would lose which of them it was.
    """
    values: list[Any] = array.ravel().tolist()
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return [value if math.isfinite(value) else not_finite.name_value(value) for value in values]
    return values


def _split(elements: bytes) -> Iterator[bytes]:
    """JSON lists of at most `_PIECE` bytes, or of one element, out of elements between commas."""
    start = 0
    while start < len(elements):
        comma = elements.rfind(b",", start, start + _PIECE) if len(elements) - start > _PIECE else -1
        if comma < 0:
            match = _SEPARATOR.search(elements, start + _PIECE)
            comma = match.start() if match else len(elements)
        yield b"[" + elements[start:comma] + b"]"
        start = comma + 1
        if start < len(elements):
            gevent.sleep(0)


def _read_piece(piece: bytes, dtype: np.dtype) -> NDArray:
    try:
        values: NDArray = np.array(_decode(piece, dtype), _WIDE[dtype.kind])
    except msgspec.ValidationError:
        raise ValueError("its data are of another kind") from None
    except OverflowError:
        raise ValueError("a number is out of its range") from None
    with np.errstate(over="ignore"):
        array = values.astype(dtype)
    if dtype.kind == "f":
        fits = np.isfinite(array).all() or np.array_equal(np.isinf(array), np.isinf(values))
    else:
        fits = np.array_equal(array, values)
    if not fits:
        raise ValueError("a number is out of its range")
    return array


def _decode(piece: bytes, dtype: np.dtype) -> list[Any]:
    """The elements; of floats, those that JSON has no number for are texts."""
    if dtype.kind == "f" and b'"' in piece:
        return [float(value) for value in _WORDS.decode(piece)]
    values: list[Any] = _DECODERS[dtype.kind].decode(piece)
    return values
