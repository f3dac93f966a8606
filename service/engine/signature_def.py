"""Which signatures of a SavedModel can be served, and what they take and return."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from service.catalog import DEFAULT_SIGNATURE, Signature, TensorSpec
from service.errors import BadRequest

log = logging.getLogger(__name__)

_MAX_SIGNATURES = 32
_INTERNAL = "__saved_model_"  # the prefix of signatures that TensorFlow itself calls, to initialise
# the data types that are served, by their number in TensorFlow's DataType
_NAMES = {
    10: "bool",
    6: "int8",
    5: "int16",
    3: "int32",
    9: "int64",
    4: "uint8",
    17: "uint16",
    22: "uint32",
    23: "uint64",
    19: "float16",
    1: "float32",
    2: "float64",
    7: "string",
}

NUMPY_DTYPES = {name: np.dtype(object if name == "string" else name) for name in _NAMES.values()}

# TensorFlow's messages of these names, or those of `saved_model_file`
SignatureDef = Any
TensorInfo = Any


def select_signatures(definitions: Mapping[str, SignatureDef]) -> dict[str, SignatureDef]:
    """The signatures that can be served, `serving_default` first, at most 32. Raises BadRequest if there are none."""
    names = sorted(name for name in definitions if not name.startswith(_INTERNAL))
    obstacles = {name: obstacle for name in names if (obstacle := _find_obstacle(definitions[name]))}
    names = sorted(set(names) - set(obstacles), key=lambda name: (name != DEFAULT_SIGNATURE, name))
    reasons = " ".join(f"Signature '{name}' cannot be served: {obstacle}." for name, obstacle in obstacles.items())
    if not names:
        raise BadRequest(reasons or "The SavedModel has no signature.")
    if reasons:
        log.warning("%s", reasons)
    if len(names) > _MAX_SIGNATURES:
        log.warning("Of %d signatures the first %d are served", len(names), _MAX_SIGNATURES)
    return {name: definitions[name] for name in names[:_MAX_SIGNATURES]}


def choose_default(names: Mapping[str, object]) -> str:
    """`serving_default`, or the only one there is."""
    return next(iter(names)) if len(names) == 1 else DEFAULT_SIGNATURE


def describe(definition: SignatureDef) -> Signature:
    """Batched if every input and output has a first dimension of any size."""
    inputs = tuple(_make_spec(name, info) for name, info in sorted(definition.inputs.items()))
    outputs = tuple(_make_spec(name, info) for name, info in sorted(definition.outputs.items()))
    batched = all(spec.shape and spec.shape[0] == -1 for spec in (*inputs, *outputs))
    return Signature(inputs, outputs, batched, definition.method_name)


def _find_obstacle(definition: SignatureDef) -> str:
    """Why the signature cannot be served, or an empty text."""
    if not definition.inputs or not definition.outputs:
        return "it has no inputs" if definition.outputs else "it has no outputs"
    for name, info in (*sorted(definition.inputs.items()), *sorted(definition.outputs.items())):
        if info.WhichOneof("encoding") != "name":
            return f"'{name}' is sparse, ragged or of another composite form"
        if info.dtype not in _NAMES:
            return f"'{name}' has the data type number {info.dtype}, which is not among {', '.join(_NAMES.values())}"
    return ""


def _make_spec(name: str, info: TensorInfo) -> TensorSpec:
    shape = None if info.tensor_shape.unknown_rank else tuple(dim.size for dim in info.tensor_shape.dim)
    return TensorSpec(name, _NAMES[info.dtype], shape, info.name)
