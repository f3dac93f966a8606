"""SavedModels as users make them for TensorFlow Serving: strings, several signatures, no batches, no manifest.

- texts: `text` string [N] -> `shout` string [N], `length` int32 [N]
- photos: `jpeg` string [N] -> `size` int32 [N,3], `jpeg` string [N]; no empty string is a JPEG
- several: signatures `serving_default`, `double` and `negate`: `x` float32 [N] -> `y` float32 [N]
- lone: one signature, `only`, which doubles
- nameless: signatures `double` and `negate`, and no default
- scalar: `start` float32 [], `step` float32 [] -> `next` float32 [], `text` string []
- fixed: `x` float32 [1,3] -> `y` float32 [1,3]
- total: `x` float32 [N] -> `positive` float32 [-1], which has as many rows as there are positive numbers
- stubborn: `x` int32 [N] -> `y` int32 [N]; fails on every number below 5
"""

import struct
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf
from numpy.typing import NDArray

from service.engine.warmup import WARMUP_PATH, prediction_log

Outputs = dict[str, tf.Tensor]

NAMES = ("texts", "photos", "several", "lone", "nameless", "scalar", "fixed", "total", "stubborn")


def build_model(folder: Path, name: str, version: int = 1) -> Path:
    """Write `folder/<name>/<version>/`. Returns its path."""
    version_dir = folder / name / str(version)
    signatures = {key: make.get_concrete_function(*specs) for key, (make, specs) in _SIGNATURES[name].items()}
    tf.saved_model.save(tf.Module(), str(version_dir), signatures=signatures)
    return version_dir


def write_warmup(version_dir: Path, *requests: Mapping[str, NDArray], signature: str = "", end: bytes = b"") -> None:
    """Write a warm-up file of TensorFlow Serving with these requests, followed by the raw bytes `end`."""
    records = []
    for inputs in requests:
        log = prediction_log()()
        log.predict_log.request.model_spec.signature_name = signature
        for name, array in inputs.items():
            entry = log.predict_log.request.inputs.add(key=name)
            entry.value.CopyFrom(tf.make_tensor_proto(array))
        records.append(log.SerializeToString())
    path = version_dir / WARMUP_PATH
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(struct.pack("<QI", len(record), 0) + record + bytes(4) for record in records) + end)


@tf.function
def _shout(text: tf.Tensor) -> Outputs:
    return {"shout": tf.strings.join([text, "!"]), "length": tf.strings.length(text)}


@tf.function
def _measure(jpeg: tf.Tensor) -> Outputs:
    size = tf.map_fn(lambda data: tf.shape(tf.io.decode_jpeg(data, 3)), jpeg, fn_output_signature=tf.int32)
    return {"size": tf.ensure_shape(size, [None, 3]), "jpeg": tf.identity(jpeg)}


@tf.function
def _identity(x: tf.Tensor) -> Outputs:
    return {"y": tf.identity(x)}


@tf.function
def _double(x: tf.Tensor) -> Outputs:
    return {"y": x * 2}


@tf.function
def _negate(x: tf.Tensor) -> Outputs:
    return {"y": -x}


@tf.function
def _next(start: tf.Tensor, step: tf.Tensor) -> Outputs:
    return {"next": start + step, "text": tf.strings.as_string(start + step, precision=1)}


@tf.function
def _positive(x: tf.Tensor) -> Outputs:
    return {"positive": tf.boolean_mask(x, x > 0)}


@tf.function
def _stubborn(x: tf.Tensor) -> Outputs:
    with tf.control_dependencies([tf.debugging.assert_greater_equal(x, 5)]):
        return {"y": tf.identity(x)}


def _rows(name: str, dtype: tf.DType = tf.float32) -> tuple[tf.TensorSpec, ...]:
    return (tf.TensorSpec([None], dtype, name),)


_SIGNATURES = {
    "texts": {"serving_default": (_shout, _rows("text", tf.string))},
    "photos": {"serving_default": (_measure, _rows("jpeg", tf.string))},
    "several": {
        "serving_default": (_identity, _rows("x")),
        "double": (_double, _rows("x")),
        "negate": (_negate, _rows("x")),
    },
    "lone": {"only": (_double, _rows("x"))},
    "nameless": {"double": (_double, _rows("x")), "negate": (_negate, _rows("x"))},
    "scalar": {
        "serving_default": (_next, (tf.TensorSpec([], tf.float32, "start"), tf.TensorSpec([], tf.float32, "step")))
    },
    "fixed": {"serving_default": (_double, (tf.TensorSpec([1, 3], tf.float32, "x"),))},
    "total": {"serving_default": (_positive, _rows("x"))},
    "stubborn": {"serving_default": (_stubborn, _rows("x", tf.int32))},
}
