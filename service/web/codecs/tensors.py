"""Tensors as the Open Inference Protocol writes them: in JSON, or as bytes after it (its binary tensor extension)."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import BadRequest

BYTES = "BYTES"
_DTYPES = {
    "BOOL": "|b1",
    **{f"INT{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"UINT{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
    **{f"FP{8 * size}": f"<f{size}" for size in (2, 4, 8)},
}
_DATATYPES = {np.dtype(dtype): datatype for datatype, dtype in _DTYPES.items()}
_JSON_KINDS = {"b": "b", "i": "iu", "u": "iu", "f": "iuf"}  # numpy's kinds of JSON data that each kind is read from
_LENGTH = struct.Struct("<I")


def get_datatype(array: NDArray) -> str:
    """The protocol's name for the array's dtype."""
    return _DATATYPES[array.dtype.newbyteorder("<")]


def from_bytes(name: str, datatype: str, shape: list[int], blob: memoryview) -> NDArray:
    """The array in `blob`, little-endian and in C order, as a view. Raises BadRequest."""
    dtype = _get_dtype(name, datatype)
    size = dtype.itemsize * int(np.prod(shape, dtype=object))
    if min(shape, default=0) < 0 or size != len(blob):
        raise BadRequest(f"Input '{name}': {datatype} {shape} is {size} bytes; these are {len(blob)}.")
    return np.frombuffer(blob, dtype).reshape(shape)


def from_json(name: str, datatype: str, shape: list[int], data: Any) -> NDArray:
    """The array of a flat or nested list. Raises BadRequest."""
    dtype = _get_dtype(name, datatype)
    try:
        values = np.array(data)
        if values.dtype.kind not in _JSON_KINDS[dtype.kind]:
            raise ValueError("its data are of another kind")
        array = values.astype(dtype).reshape(shape)
        if dtype.kind in "iu" and not np.array_equal(array.ravel(), values.ravel()):
            raise ValueError("a number is out of its range")
    except (ValueError, OverflowError) as error:
        raise BadRequest(f"Input '{name}' is not {datatype} {shape}: {error}.") from None
    return array


def split_elements(name: str, blob: memoryview) -> list[bytes]:
    """The elements of a BYTES tensor: each is its length, uint32, and as many bytes. Raises BadRequest."""
    elements, start = [], 0
    while start < len(blob):
        end = start + _LENGTH.size
        if end > len(blob) or (end := end + _LENGTH.unpack_from(blob, start)[0]) > len(blob):
            raise BadRequest(f"Input '{name}': an element is cut short.")
        elements.append(bytes(blob[start + _LENGTH.size : end]))
        start = end
    return elements


def _get_dtype(name: str, datatype: str) -> np.dtype:
    if datatype not in _DTYPES:
        known = ", ".join([*_DTYPES, BYTES])
        raise BadRequest(f"Input '{name}': there is no datatype '{datatype}'. There are: {known}.")
    return np.dtype(_DTYPES[datatype])
