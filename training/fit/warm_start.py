"""Starts a net with the weights of another one, which it reads from that one's SavedModel.

A servable's graph holds its weights as constants, each named after its layer and the read that it replaced
(training.export.saved_model). Keras numbers the layers of a type in the order of their creation, so two nets with the
same layers have them in the same order, whatever the numbers.
"""

import re
from collections import defaultdict
from pathlib import Path
from typing import TypeVar

import keras
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from training.errors import RecipeError

_BATCH_NORM_READS = {  # in the order in which Keras reads them
    "moving_mean": "Cast",
    "moving_variance": "Cast_1",
    "gamma": "Cast_2",
    "beta": "Cast_3",
}

Constants = dict[str, NDArray]  # of one layer, by the name of the read
Numbers = tuple[int, ...]
T = TypeVar("T")


def init_from(model: keras.Model, version_dir: Path) -> None:
    """Gives the net the weights of a servable with the same layers. Raises RecipeError if the layers differ.

    If the number of classes differs, the last layer keeps its weights.
    """
    theirs, ours = _read_constants(version_dir), _layers_by_type(model)
    if _count_classes(theirs) != model.output_shape[1]:
        del theirs["classes"], ours["classes"]
    for kind in sorted(theirs.keys() | ours.keys()):
        layers, constants = _in_order(ours[kind]), _in_order(theirs[kind])
        if len(layers) != len(constants):
            raise RecipeError(f"{version_dir} has {len(constants)} layers '{kind}', and the new net has {len(layers)}.")
        for layer, values in zip(layers, constants, strict=True):
            _assign(layer, values, version_dir)


def interpolate(model: keras.Model, version_dir: Path, share: float) -> None:
    """Gives every weight of the net `share` parts of the servable's value and the rest of its own.

    A net that was fine-tuned from the servable lies in the same flat minimum, and a point between the two is as good or
    better (Wortsman et al. 2022, Robust fine-tuning of zero-shot models). Raises RecipeError if the layers differ.
    """
    own = model.get_weights()
    init_from(model, version_dir)
    theirs = model.get_weights()
    model.set_weights([share * start + (1 - share) * end for start, end in zip(theirs, own, strict=True)])


def _in_order(numbered: dict[Numbers, T]) -> list[T]:
    return [numbered[number] for number in sorted(numbered)]


def _assign(layer: keras.layers.Layer, constants: Constants, version_dir: Path) -> None:
    for variable in layer.variables:
        if isinstance(layer, keras.layers.BatchNormalization):
            value = constants.get(_BATCH_NORM_READS[variable.name])
        else:
            value = next((array for array in constants.values() if array.ndim == len(variable.shape)), None)
        if value is None or value.shape != tuple(variable.shape):
            raise RecipeError(f"{version_dir} has nothing of shape {tuple(variable.shape)} for {variable.path}.")
        variable.assign(value)


def _count_classes(constants: dict[str, dict[Numbers, Constants]]) -> int:
    """The number of classes of a servable's net."""
    last = constants["classes"].values()
    return max((array.shape[-1] for layer in last for array in layer.values()), default=0)


def _layers_by_type(model: keras.Model) -> dict[str, dict[Numbers, keras.layers.Layer]]:
    """Layers with weights, by type and number."""
    layers: dict[str, dict[Numbers, keras.layers.Layer]] = defaultdict(dict)
    for layer in model.layers:
        if layer.weights:
            kind, number = _split_name(layer.name)
            layers[kind][number] = layer
    return layers


def _read_constants(version_dir: Path) -> dict[str, dict[Numbers, Constants]]:
    """The constants of a servable's layers, by type and number of the layer."""
    saved = SavedModel()
    saved.ParseFromString((version_dir / "saved_model.pb").read_bytes())
    constants: dict[str, dict[Numbers, Constants]] = defaultdict(lambda: defaultdict(dict))
    for function in saved.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            if node.op == "Const" and node.name.endswith("/resource"):
                *_, layer, read = node.name.removesuffix("/ReadVariableOp/resource").split("/")
                kind, number = _split_name(layer)
                constants[kind][number][read] = tf.make_ndarray(node.attr["value"].tensor)
    return constants


def _split_name(name: str) -> tuple[str, Numbers]:
    """Type and number of a layer: `batch_normalization_16_1` is ("batch_normalization", (16, 1))."""
    numbers = re.findall(r"_(\d+)", name)
    return re.sub(r"_\d+", "", name), tuple(map(int, numbers))
