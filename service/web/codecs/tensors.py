"""Tensors as the Open Inference Protocol names and sends them: datatypes, shapes, and the bytes after the JSON."""

import math
import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.errors import BadRequest

BYTES = "BYTES"
MAX_DIMENSIONS = 32
MAX_DIMENSION = 1 << 31

_DTYPES = {
    "BOOL": "|b1",
    **{f"INT{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"UINT{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
    **{f"FP{8 * size}": f"<f{size}" for size in (2, 4, 8)},
}
_DATATYPES: dict[np.dtype, str] = {np.dtype(dtype): datatype for datatype, dtype in _DTYPES.items()}
_DATATYPES[np.dtype(object)] = BYTES
_LENGTH = struct.Struct("<I")


def get_datatype(array: NDArray) -> str:
    """The protocol's name for the array's dtype."""
    return _DATATYPES[array.dtype.newbyteorder("<")]


def name_datatype(dtype: str) -> str:
    """The protocol's name for TensorFlow's name of a data type."""
    if dtype == "string":
        return BYTES
    return dtype.replace("float", "FP").upper()


def get_dtype(name: str, datatype: str) -> np.dtype:
    """numpy's dtype for the protocol's name of it. Raises BadRequest."""
    if datatype not in _DTYPES:
        known = ", ".join([*_DTYPES, BYTES])
        raise BadRequest(f"Input '{name}': there is no datatype '{datatype}'. There are: {known}.")
    return np.dtype(_DTYPES[datatype])


def count_elements(name: str, shape: Sequence[int]) -> int:
    """The number of elements of that shape, which is bounded before it is multiplied. Raises BadRequest."""
    if len(shape) > MAX_DIMENSIONS:
        raise BadRequest(f"Input '{name}' has {len(shape)} dimensions; the limit is {MAX_DIMENSIONS}.")
    if not all(0 <= size <= MAX_DIMENSION for size in shape):
        raise BadRequest(f"Input '{name}': a dimension must be from 0 to {MAX_DIMENSION}.")
    return math.prod(shape)


def from_bytes(name: str, datatype: str, shape: Sequence[int], blob: memoryview) -> NDArray:
    """The array in `blob`, little-endian and in C order, as a view. Raises BadRequest."""
    dtype = get_dtype(name, datatype)
    size = dtype.itemsize * count_elements(name, shape)
    if size != len(blob):
        raise BadRequest(f"Input '{name}': {datatype} {list(shape)} is {size} bytes; these are {len(blob)}.")
    return np.frombuffer(blob, dtype).reshape(shape)


def split_elements(name: str, blob: memoryview, count: int) -> list[bytes]:
    """The `count` elements of a BYTES tensor: each is its length, uint32, and as many bytes. Raises BadRequest."""
    elements: list[bytes] = []
    start = 0
    while start < len(blob) and len(elements) < count:
        end = start + _LENGTH.size
        if end > len(blob) or (end := end + _LENGTH.unpack_from(blob, start)[0]) > len(blob):
            raise BadRequest(f"Input '{name}': an element is cut short.")
        elements.append(bytes(blob[start + _LENGTH.size : end]))
        start = end
    if start < len(blob) or len(elements) < count:
        raise BadRequest(f"Input '{name}' does not have the {count} elements of its shape.")
    return elements
