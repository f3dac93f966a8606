"""Running a SavedModel by its signature alone, as any server would."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework.function_def_to_graph import function_def_to_graph

from training.data import Split
from training.data.dataset import chunks
from training.export.saved_model import FEATURES

BATCH = 100

Arrays = dict[str, NDArray]


def batches(**inputs: NDArray) -> Iterator[Arrays]:
    """The inputs, a hundred rows at a time."""
    rows = len(next(iter(inputs.values())))
    for at in range(0, rows, BATCH):
        yield {name: value[at : at + BATCH] for name, value in inputs.items()}


def images(split: Split) -> Iterator[Arrays]:
    """The split's images, some at a time: all of them need not fit into memory."""
    return ({"images": images} for images in chunks(split))


def outputs(version_dir: Path, asked: Iterable[Arrays]) -> Arrays:
    """Every output of `serving_default` for every batch of inputs, joined."""
    signature = tf.saved_model.load(str(version_dir)).signatures["serving_default"]
    return _join(signature(**{name: tf.constant(value) for name, value in each.items()}) for each in asked)


def features(version_dir: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[N,D]: what the last layer of a classifier of ours sees of each image. Raises ValueError if it has no name."""
    loaded = tf.saved_model.load(str(version_dir))
    library = loaded.signatures["serving_default"].graph.as_graph_def().library.function
    body = next((each for each in library if any(node.name == FEATURES for node in each.node_def)), None)
    if body is None:
        raise ValueError(f"{version_dir} does not name its features: export it again.")
    graph = function_def_to_graph(body)

    def whole() -> None:
        tf.import_graph_def(graph.as_graph_def(), name="")

    wrapped = tf.compat.v1.wrap_function(whole, [])
    seen = wrapped.prune(graph.inputs[0].name, f"{FEATURES}:0")
    return np.concatenate([seen(tf.constant(each["images"])).numpy() for each in batches(images=images)])


def _join(parts: Iterable[dict[str, Any]]) -> Arrays:
    gathered: dict[str, list[NDArray]] = {}
    for part in parts:
        for name, value in part.items():
            gathered.setdefault(name, []).append(value.numpy())
    return {name: np.concatenate(values) for name, values in gathered.items()}
