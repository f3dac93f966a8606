"""Beginning with what another net has learned: its weights, read back out of its SavedModel.

A servable's graph holds its weights as constants, each named after its layer and the read whose place it took
(training.export.saved_model). Keras numbers the layers of a kind in the order in which they were made, so two nets of
one form have the same layers in the same order, whatever the numbers.
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

_NORMS = {
    "moving_mean": "Cast",
    "moving_variance": "Cast_1",
    "gamma": "Cast_2",
    "beta": "Cast_3",
}  # as Keras reads them

Constants = dict[str, NDArray]  # of one layer, by the read
Numbers = tuple[int, ...]
T = TypeVar("T")


def begin(model: keras.Model, version_dir: Path) -> None:
    """Give the net the weights of a servable of the same form. Raises RecipeError if its form is another.

    The last layer stays as it is where the classes are others.
    """
    theirs, ours = _learned(version_dir), _layers(model)
    if _outputs(theirs) != model.output_shape[1]:
        del theirs["classes"], ours["classes"]
    for kind in sorted(theirs.keys() | ours.keys()):
        here, there = (_in_order(each[kind]) for each in (ours, theirs))
        if len(here) != len(there):
            raise RecipeError(f"{version_dir} has {len(there)} layers '{kind}', and the net to begin {len(here)}.")
        for layer, constants in zip(here, there, strict=True):
            _give(layer, constants, version_dir)


def blend(model: keras.Model, version_dir: Path, share: float) -> None:
    """Give the net, weight by weight, `share` parts of a servable's and the rest of its own.

    What began as that servable and learned on lies with it in one flat place, whose middle is as good or better
    (Wortsman et al. 2022, Robust fine-tuning of zero-shot models). Raises RecipeError if its form is another.
    """
    own = model.get_weights()
    begin(model, version_dir)
    theirs = model.get_weights()
    model.set_weights([share * then + (1 - share) * now for then, now in zip(theirs, own, strict=True)])


def _in_order(numbered: dict[Numbers, T]) -> list[T]:
    return [numbered[number] for number in sorted(numbered)]


def _give(layer: keras.layers.Layer, constants: Constants, version_dir: Path) -> None:
    for variable in layer.variables:
        if isinstance(layer, keras.layers.BatchNormalization):
            found = constants.get(_NORMS[variable.name])
        else:
            found = next((each for each in constants.values() if each.ndim == len(variable.shape)), None)
        if found is None or found.shape != tuple(variable.shape):
            raise RecipeError(f"{version_dir} has nothing of shape {tuple(variable.shape)} for {variable.path}.")
        variable.assign(found)


def _outputs(learned: dict[str, dict[Numbers, Constants]]) -> int:
    """How many classes a servable's net tells apart."""
    return max((each.shape[-1] for layer in learned["classes"].values() for each in layer.values()), default=0)


def _layers(model: keras.Model) -> dict[str, dict[Numbers, keras.layers.Layer]]:
    """Layers with weights, by kind and number."""
    found: dict[str, dict[Numbers, keras.layers.Layer]] = defaultdict(dict)
    for layer in model.layers:
        if layer.weights:
            kind, number = _split(layer.name)
            found[kind][number] = layer
    return found


def _learned(version_dir: Path) -> dict[str, dict[Numbers, Constants]]:
    """The constants of the layers of a servable, by kind and number."""
    saved = SavedModel()
    saved.ParseFromString((version_dir / "saved_model.pb").read_bytes())
    found: dict[str, dict[Numbers, Constants]] = defaultdict(lambda: defaultdict(dict))
    for function in saved.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            if node.op == "Const" and node.name.endswith("/resource"):
                *_, layer, read = node.name.removesuffix("/ReadVariableOp/resource").split("/")
                kind, number = _split(layer)
                found[kind][number][read] = tf.make_ndarray(node.attr["value"].tensor)
    return found


def _split(name: str) -> tuple[str, Numbers]:
    """Kind and number of a layer: `batch_normalization_16_1` is ("batch_normalization", (16, 1))."""
    numbers = re.findall(r"_(\d+)", name)
    return re.sub(r"_\d+", "", name), tuple(map(int, numbers))
