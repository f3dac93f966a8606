"""Makes the LiteRT form of a SavedModel: what a CPU serves in place of it."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tensorflow as tf
from ai_edge_litert.schema_py_generated import BuiltinOperator
from litert_quantizer import qtyping
from litert_quantizer.quantizer import AlgorithmName, Quantizer
from litert_quantizer.utils.tfl_flatbuffer_utils import read_model

from service.litert import LITERT_PATH
from service.litert.runner import list_signatures
from training.data import Split
from training.data.dataset import chunks
from training.export.frozen_graph import load_frozen
from training.export.litert_graph import adapt
from training.export.signatures import SERVING_DEFAULT

# Quantising the dense layers and the outlier score as well moves probabilities by 0.05 and ruins the score.
_QUANTISED = (qtyping.TFLOperationName.CONV_2D, qtyping.TFLOperationName.DEPTHWISE_CONV_2D)
_CALIBRATION_IMAGES, _CALIBRATION_BATCH = 512, 16
_BITS = 8


class NotConvertible(Exception):
    """The graph does things that LiteRT cannot do; the text says which, in one line."""


def convert(version_dir: Path) -> bytes:
    """The form in float32, with every signature that LiteRT can run.

    Raises NotConvertible if `serving_default` is not among them.
    """
    names = sorted(tf.saved_model.load(str(version_dir)).signatures)
    try:
        return _convert(version_dir, names)
    except NotConvertible:
        able = [name for name in names if name == SERVING_DEFAULT or _is_convertible(version_dir, name)]
        return _convert(version_dir, able)


def _is_convertible(version_dir: Path, name: str) -> bool:
    try:
        _convert(version_dir, [name])
    except NotConvertible:
        return False
    return True


def _convert(version_dir: Path, names: list[str]) -> bytes:
    signatures = {}
    for name in names:
        function, specs = adapt(load_frozen(version_dir, name))
        signatures[name] = tf.function(function, autograph=False).get_concrete_function(**specs)
    with TemporaryDirectory() as folder:
        tf.saved_model.save(tf.Module(), folder, signatures=signatures)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=names)
        try:
            form: bytes = converter.convert()
        except Exception as error:  # the converter's errors have no type of their own
            reason = str(error).strip().partition("\n")[0]
            raise NotConvertible(f"LiteRT cannot run it: {reason[:300]}") from error
    return form


def quantise(form: bytes, split: Split) -> bytes:
    """The same form with 8-bit convolutions, whose ranges are measured on images of the split, and the rest in float.

    The first convolution stays in float: its few weights meet pixels, whose mean is far from 0, and their rounding
    made most of the form's error. Every signature takes `images`. They are drawn at random: a range is a moving
    average, which would follow the class that comes last.
    """
    quantizer = Quantizer(form)
    for operation in _QUANTISED:
        quantizer.add_static_config(".*", operation, _BITS, _BITS)
    for name in _find_first_convolutions(form):
        for operation in _QUANTISED:
            quantizer.update_quantization_recipe(re.escape(name), operation, algorithm_key=AlgorithmName.NO_QUANTIZE)
    indices = np.random.default_rng(0).permutation(len(split))[:_CALIBRATION_IMAGES]
    images = np.concatenate(list(chunks(split.select(indices))))
    batches = [
        {"images": images[start : start + _CALIBRATION_BATCH]} for start in range(0, len(images), _CALIBRATION_BATCH)
    ]
    ranges = quantizer.calibrate(dict.fromkeys(list_signatures(form), batches), num_threads=1)
    result = quantizer.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def _find_first_convolutions(form: bytes) -> set[str]:
    """The names of their outputs, in every signature."""
    model = read_model(form)
    codes = {BuiltinOperator.CONV_2D, BuiltinOperator.DEPTHWISE_CONV_2D}
    names = set()
    for graph in model.subgraphs:
        convolutions = (step for step in graph.operators if model.operatorCodes[step.opcodeIndex].builtinCode in codes)
        if (first := next(convolutions, None)) is not None:
            names.add(graph.tensors[first.outputs[0]].name.decode())
    return names


def write_form(version_dir: Path, form: bytes) -> None:
    """Put it beside the SavedModel, whole or not at all."""
    path = version_dir / LITERT_PATH
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(form)
    temporary.rename(path)
