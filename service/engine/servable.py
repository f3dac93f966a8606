"""A SavedModel in memory, ready to run batches of the sizes that it was warmed for."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

from service.catalog import TensorSpec
from service.errors import BadRequest
from service.manifest import read_manifest

SIGNATURE = "serving_default"

_WARMUP_SECONDS = 0.003  # per batch size, so that a small net is timed more than twice
_COST_TOLERANCE = 1.1


def list_batch_sizes(max_batch_size: int) -> tuple[int, ...]:
    """The sizes that batches are padded to: powers of two, and the largest allowed."""
    powers = [1 << step for step in range(max_batch_size.bit_length()) if 1 << step < max_batch_size]
    return (*powers, max_batch_size)


def select_batch_sizes(seconds: dict[int, float]) -> tuple[int, ...]:
    """Keep sizes up to the first within 10% of the lowest cost per row; `seconds` per run, by batch size.

    Smaller batches are answered sooner, spread over more runners, and let other servables in between.
    """
    lowest = min(run / size for size, run in seconds.items())
    largest = min(size for size, run in seconds.items() if run / size <= _COST_TOLERANCE * lowest)
    return tuple(size for size in sorted(seconds) if size <= largest)


def make_session_config(mixed: bool) -> tf.compat.v1.ConfigProto:
    """A run uses only the thread that calls it; GPU memory is taken as it is needed, not all at once.

    With `mixed`, convolutions and matrix products take bfloat16 and sum in float32.
    """
    rewriting = RewriterConfig(auto_mixed_precision_onednn_bfloat16=RewriterConfig.ON if mixed else RewriterConfig.OFF)
    return tf.compat.v1.ConfigProto(
        graph_options=tf.compat.v1.GraphOptions(rewrite_options=rewriting),
        intra_op_parallelism_threads=1,
        inter_op_parallelism_threads=-1,
        allow_soft_placement=True,
        gpu_options=tf.compat.v1.GPUOptions(allow_growth=True),
    )


class Servable:
    """One version of a model, loaded; `run` may be called by several threads at once.

    `sizes` are the numbers of rows that a batch may have: powers of two, up to where a row gets no cheaper. With
    `mixed` a classifier with a manifest multiplies in bfloat16. A generator never does: one seed must be one image on
    every machine.

    Raises ManifestError for a broken servable.json, BadRequest for a SavedModel without the signature, and whatever
    TensorFlow raises for one that is broken.
    """

    def __init__(self, path: Path, max_batch_size: int, mixed: bool = False) -> None:
        started = time.monotonic()
        self.manifest = read_manifest(path)
        self.sizes = list_batch_sizes(max_batch_size)
        mixed = mixed and self.manifest is not None and self.manifest.kind == "classifier"
        self._graph = tf.Graph()
        with self._graph.as_default():
            self._session = tf.compat.v1.Session(config=make_session_config(mixed))
            meta = tf.compat.v1.saved_model.load(self._session, ["serve"], os.fspath(path))
        if SIGNATURE not in meta.signature_def:
            raise BadRequest(f"The SavedModel has no signature '{SIGNATURE}'.")
        signature = meta.signature_def[SIGNATURE]
        self.inputs = tuple(_make_spec(name, info) for name, info in sorted(signature.inputs.items()))
        self.outputs = tuple(_make_spec(name, info) for name, info in sorted(signature.outputs.items()))
        # a call of a session's callable costs a third less than a call of the signature's function
        self._call = self._session.make_callable(
            [signature.outputs[spec.name].name for spec in self.outputs],
            [signature.inputs[spec.name].name for spec in self.inputs],
        )
        self.sizes = select_batch_sizes({size: self._warm_up(size) for size in self.sizes})
        self.load_seconds = time.monotonic() - started

    def _warm_up(self, size: int) -> float:
        """Run batches of that size, so that no request pays for a first run; seconds of the quickest run."""
        rows = {spec.name: np.zeros((size, *_row_shape(spec)), spec.dtype) for spec in self.inputs}
        runs: list[float] = []
        while len(runs) < 2 or sum(runs) < _WARMUP_SECONDS:
            started = time.perf_counter()
            self.run(rows)
            runs.append(time.perf_counter() - started)
        return min(runs)

    def run(self, inputs: Mapping[str, NDArray]) -> dict[str, NDArray]:
        """Outputs by name for inputs whose first dimension is one of `sizes`."""
        outputs = self._call(*(inputs[spec.name] for spec in self.inputs))
        return {spec.name: output for spec, output in zip(self.outputs, outputs, strict=True)}

    def size_for(self, rows: int) -> int:
        """The smallest warmed size that holds that many rows."""
        return next(size for size in self.sizes if size >= rows)

    def check(self, inputs: Mapping[str, NDArray]) -> int:
        """The number of rows. Raises BadRequest if the inputs do not fit the signature."""
        if set(inputs) != {spec.name for spec in self.inputs}:
            raise BadRequest(f"The inputs must be {', '.join(spec.name for spec in self.inputs)}.")
        rows = {array.shape[0] if array.ndim else 0 for array in inputs.values()}
        if len(rows) != 1 or 0 in rows:
            raise BadRequest("The inputs must have the same first dimension, at least 1.")
        for spec in self.inputs:
            _check_input(spec, inputs[spec.name])
        return rows.pop()

    def unload(self) -> None:
        self._session.close()


def _check_input(spec: TensorSpec, array: NDArray) -> None:
    same_shape = len(spec.shape) == array.ndim and all(
        size in (-1, actual) for size, actual in zip(spec.shape, array.shape, strict=False)
    )
    if not same_shape or array.dtype != np.dtype(spec.dtype):
        actual = f"{array.dtype.name} {list(array.shape)}"
        raise BadRequest(f"Input '{spec.name}' must be {spec.dtype} {list(spec.shape)}; this is {actual}.")


def _make_spec(name: str, info: Any) -> TensorSpec:
    shape = tuple(dim.size for dim in info.tensor_shape.dim)
    return TensorSpec(name, tf.as_dtype(info.dtype).name, shape)


def _row_shape(spec: TensorSpec) -> tuple[int, ...]:
    """The shape of one row, with 1 for a size that the signature leaves open."""
    return tuple(1 if size < 0 else size for size in spec.shape[1:])
