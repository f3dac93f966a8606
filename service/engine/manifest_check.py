"""Holds a version's manifest against its signature and against what it answers."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from service.catalog import TensorSpec
from service.engine.servable import Servable
from service.engine.version_check import Refused
from service.manifest import Manifest

_GENERATOR_INPUTS = {"seeds": "int64", "labels": "int32", "truncation": "float32"}


def check_manifest(servable: Servable) -> None:
    """Raises Refused where the manifest promises what the SavedModel does not do. Runs one batch."""
    manifest = servable.manifest
    if manifest is None:
        return
    if manifest.kind == "classifier":
        _check_image_input(servable.inputs, manifest)
    else:
        _check_generator_inputs(servable.inputs)
    rows = servable.sizes[-1]
    _check_outputs(servable.run(_make_inputs(servable, manifest, rows)), manifest, rows)


def _check_image_input(inputs: tuple[TensorSpec, ...], manifest: Manifest) -> None:
    image = _image_shape(manifest)
    wanted = f"one input uint8 {[-1, *image]}"
    if len(inputs) != 1 or inputs[0].dtype != "uint8" or not _fits(inputs[0].shape, (-1, *image)):
        raise _misfit(wanted, f"takes {_describe(inputs)}")


def _check_generator_inputs(inputs: tuple[TensorSpec, ...]) -> None:
    if {spec.name: spec.dtype for spec in inputs} != _GENERATOR_INPUTS or not all(
        _fits(spec.shape, (-1,)) for spec in inputs
    ):
        wanted = ", ".join(f"{name} {dtype} [-1]" for name, dtype in _GENERATOR_INPUTS.items())
        raise _misfit(f"the inputs {wanted}", f"takes {_describe(inputs)}")


def _make_inputs(servable: Servable, manifest: Manifest, rows: int) -> dict[str, NDArray]:
    shape = _image_shape(manifest) if manifest.kind == "classifier" else ()
    return {spec.name: np.zeros((rows, *shape), spec.dtype) for spec in servable.inputs}


def _check_outputs(outputs: Mapping[str, NDArray], manifest: Manifest, rows: int) -> None:
    if manifest.kind == "generator":
        _check_output(outputs, "images", "u", (rows, *_image_shape(manifest)))
        return
    _check_output(outputs, "probabilities", "f", (rows, len(manifest.labels)))
    if "outlier_score" in outputs:
        _check_output(outputs, "outlier_score", "f", (rows,))


def _check_output(outputs: Mapping[str, NDArray], name: str, kind: str, shape: tuple[int, ...]) -> None:
    wanted = f"an output '{name}' of {'uint8' if kind == 'u' else 'floats'} {list(shape)} for {shape[0]} rows"
    output = outputs.get(name)
    if output is None:
        raise _misfit(wanted, f"gives {', '.join(sorted(outputs))}")
    if output.shape != shape or output.dtype.kind != kind or (kind == "u" and output.dtype != np.uint8):
        raise _misfit(wanted, f"gives {output.dtype.name} {list(output.shape)}")


def _fits(actual: tuple[int, ...] | None, wanted: tuple[int, ...]) -> bool:
    """Whether a signature's shape, in which -1 is any size, takes the wanted one."""
    return (
        actual is not None
        and len(actual) == len(wanted)
        and all(size in (-1, want) for size, want in zip(actual, wanted, strict=True))
    )


def _image_shape(manifest: Manifest) -> tuple[int, int, int]:
    return manifest.image.height, manifest.image.width, manifest.image.channels


def _describe(specs: tuple[TensorSpec, ...]) -> str:
    shapes = ("of any shape" if spec.shape is None else str(list(spec.shape)) for spec in specs)
    pairs = zip(specs, shapes, strict=True)
    return ", ".join(f"{spec.name} {spec.dtype} {shape}" for spec, shape in pairs) or "nothing"


def _misfit(wanted: str, actual: str) -> Refused:
    return Refused("manifest", f"servable.json does not fit: it asks for {wanted}, and the SavedModel {actual}.")
