"""Tensors as the Open Inference Protocol writes them: in JSON, or as bytes after it (its binary tensor extension)."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import BadRequest

BYTES = "BYTES"
_KINDS = {
    "BOOL": "|b1",
    **{f"INT{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"UINT{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
    **{f"FP{8 * size}": f"<f{size}" for size in (2, 4, 8)},
}
_WRITTEN_AS = {"b": "b", "i": "iu", "u": "iu", "f": "iuf"}  # the numbers in JSON that each kind may be read from
_NAMES = {np.dtype(spelling): name for name, spelling in _KINDS.items()}
_LENGTH = struct.Struct("<I")


def datatype(array: NDArray) -> str:
    """The protocol's name for the array's type."""
    return _NAMES[array.dtype.newbyteorder("<")]


def _dtype(name: str, kind: str) -> np.dtype:
    if kind not in _KINDS:
        raise BadRequest(f"Input '{name}': there is no datatype '{kind}'. There are: {', '.join(_KINDS)}, {BYTES}.")
    return np.dtype(_KINDS[kind])


def from_bytes(name: str, kind: str, shape: list[int], blob: memoryview) -> NDArray:
    """The array that lies in `blob`, little-endian and in C order, not copied. Raises BadRequest."""
    dtype = _dtype(name, kind)
    wanted = dtype.itemsize * int(np.prod(shape, dtype=object))
    if min(shape, default=0) < 0 or wanted != len(blob):
        raise BadRequest(f"Input '{name}': {kind} {shape} is {wanted} bytes; these are {len(blob)}.")
    return np.frombuffer(blob, dtype).reshape(shape)


def from_json(name: str, kind: str, shape: list[int], data: Any) -> NDArray:
    """The array that a flat or nested list spells. Raises BadRequest."""
    dtype = _dtype(name, kind)
    try:
        given = np.array(data)
        if given.dtype.kind not in _WRITTEN_AS[dtype.kind]:
            raise ValueError("its data are of another kind")
        array = given.astype(dtype).reshape(shape)
        if dtype.kind in "iu" and not np.array_equal(array.ravel(), given.ravel()):
            raise ValueError("a number is out of its range")
    except (ValueError, OverflowError) as error:
        raise BadRequest(f"Input '{name}' is not {kind} {shape}: {error}.") from None
    return array


def elements(name: str, blob: memoryview) -> list[bytes]:
    """The elements of a BYTES tensor: each its length, uint32, and as many bytes. Raises BadRequest."""
    found, at = [], 0
    while at < len(blob):
        end = at + _LENGTH.size
        if end > len(blob) or (end := end + _LENGTH.unpack_from(blob, at)[0]) > len(blob):
            raise BadRequest(f"Input '{name}': an element is cut short.")
        found.append(bytes(blob[at + _LENGTH.size : end]))
        at = end
    return found
