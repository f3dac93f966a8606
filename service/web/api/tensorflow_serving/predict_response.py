"""Outputs as TensorFlow Serving writes them: rows as `predictions`, columns as `outputs`; a single one has no name."""

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.errors import BadRequest
from service.web.codecs.float_text import shorten
from service.web.response import Response, json_response

_BINARY_SUFFIX = "_bytes"  # of the names of outputs whose strings are written as base64


class RowsReply(msgspec.Struct):
    """One element per row: the output, or an object of the outputs by name."""

    predictions: list[Any]


class ColumnsReply(msgspec.Struct):
    """The output, or an object of the outputs by name."""

    outputs: Any


def write_rows(outputs: Mapping[str, NDArray]) -> Response:
    """Raises BadRequest if the outputs have no rows in common."""
    counts = {name: len(array) if array.ndim else None for name, array in outputs.items()}
    if None in counts.values() or len(set(counts.values())) > 1:
        raise BadRequest(f"The outputs have no rows in common: {counts}. Ask in columns, with 'inputs'.")
    columns = {name: _to_nested(name, array) for name, array in outputs.items()}
    if len(columns) == 1:
        return _to_response({"predictions": next(iter(columns.values()))}, outputs)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return _to_response({"predictions": rows}, outputs)


def write_columns(outputs: Mapping[str, NDArray]) -> Response:
    columns = {name: _to_nested(name, array) for name, array in outputs.items()}
    return _to_response({"outputs": columns if len(columns) > 1 else next(iter(columns.values()))}, outputs)


def _to_nested(name: str, array: NDArray) -> Any:
    if array.dtype.hasobject:
        return _nest_strings(array, name.endswith(_BINARY_SUFFIX))
    return (shorten(array) if array.dtype in (np.float16, np.float32) else array).tolist()


def _nest_strings(array: NDArray, binary: bool) -> Any:
    """Texts nested as the array; `{"b64": ...}` objects where it is `binary`, or where an element is not UTF-8."""
    elements: list[bytes] = array.ravel().tolist()
    values: list[Any] = []
    try:
        values = [] if binary else [element.decode() for element in elements]
    except UnicodeDecodeError:
        binary = True
    if binary:
        values = [{"b64": b64encode(element).decode()} for element in elements]
    return np.fromiter(values, object, len(values)).reshape(array.shape).tolist()


def _to_response(body: dict[str, Any], outputs: Mapping[str, NDArray]) -> Response:
    """JSON; with bare NaN and Infinity if there are any, as Python's json writes them too."""
    floats = [array for array in outputs.values() if array.dtype.kind == "f"]
    if all(np.isfinite(array).all() for array in floats):
        return json_response(body)
    return Response(json.dumps(body, separators=(",", ":")).encode())
