"""Tensors in JSON. Large ones are read piece by piece, so that the worker's other requests go on in between."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import gevent
import msgspec
import numpy as np
from numpy.typing import NDArray

from service.errors import BadRequest
from service.web.codecs.tensors import count_elements, get_dtype

_PIECE = 1 << 16  # bytes of JSON; about 2 ms of work
_NOT_STRUCTURE = bytes(set(range(256)) - set(b"[],"))
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    "b": msgspec.json.Decoder(list[bool]),
    "i": msgspec.json.Decoder(list[int]),
    "u": msgspec.json.Decoder(list[int]),
    "f": msgspec.json.Decoder(list[float]),
}
_WIDE = {"b": np.bool_, "i": np.int64, "u": np.uint64, "f": np.float64}
_SEPARATOR = re.compile(rb",")


def from_json(name: str, datatype: str, shape: Sequence[int], data: bytes) -> NDArray:
    """The array in a JSON list: flat, or nested as its shape says. Raises BadRequest.

    `data` has passed a JSON parser already.
    """
    dtype = get_dtype(name, datatype)
    count = count_elements(name, shape)
    try:
        _check_structure(data, shape, count)
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
        return [value if np.isfinite(value) else _name_value(value) for value in values]
    return values


def _name_value(value: float) -> str:
    return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _check_structure(data: bytes, shape: Sequence[int], count: int) -> None:
    """Raises ValueError unless brackets and commas are those of a flat list, or of lists nested as the shape.

    Lengths are compared first: what a shape would need is not made where the data are not as long.
    """
    structure = data.translate(None, _NOT_STRUCTURE)
    if len(structure) == max(2, count + 1) and structure == b"[" + b"," * (count - 1) + b"]":
        return
    if len(structure) != _count_structure(shape) or structure != _nest(shape):
        raise ValueError("its data are of another kind, or not the elements of that shape")


def _count_structure(shape: Sequence[int]) -> int:
    """Brackets and commas of lists nested as the shape."""
    length = 0
    for size in reversed(shape):
        length = size * (length + 1) + 1 if size else 2
    return length


def _nest(shape: Sequence[int]) -> bytes:
    structure = b""
    for size in reversed(shape):
        structure = b"[" + b",".join([structure] * size) + b"]"
    return structure


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
        values: NDArray = np.array(_DECODERS[dtype.kind].decode(piece), _WIDE[dtype.kind])
    except msgspec.ValidationError:
        raise ValueError("its data are of another kind") from None
    except OverflowError:
        raise ValueError("a number is out of its range") from None
    with np.errstate(over="ignore"):
        array = values.astype(dtype)
    if (dtype.kind != "f" and not np.array_equal(array, values)) or not np.isfinite(array).all():
        raise ValueError("a number is out of its range")
    return array
