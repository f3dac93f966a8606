"""Runs a SavedModel through its signature alone, as any server would."""

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


def batch_inputs(**inputs: NDArray) -> Iterator[Arrays]:
    """The inputs in batches of at most 100 rows."""
    rows = len(next(iter(inputs.values())))
    for start in range(0, rows, BATCH):
        yield {name: value[start : start + BATCH] for name, value in inputs.items()}


def iterate_images(split: Split) -> Iterator[Arrays]:
    """The split's images as inputs of a classifier, in chunks: all of them need not fit into memory."""
    return ({"images": images} for images in chunks(split))


def run_servable(version_dir: Path, batches: Iterable[Arrays]) -> Arrays:
    """All outputs of `serving_default`, each joined over the batches of inputs."""
    signature = tf.saved_model.load(str(version_dir)).signatures["serving_default"]
    return _join(signature(**{name: tf.constant(value) for name, value in batch.items()}) for batch in batches)


def extract_servable_features(version_dir: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[N,D]: the inputs of a classifier's last layer. Raises ValueError if its graph has no tensor of that name."""
    loaded = tf.saved_model.load(str(version_dir))
    functions = loaded.signatures["serving_default"].graph.as_graph_def().library.function
    body = next((function for function in functions if any(node.name == FEATURES for node in function.node_def)), None)
    if body is None:
        raise ValueError(f"{version_dir} does not name its features: export it again.")
    graph = function_def_to_graph(body)

    def import_graph() -> None:
        tf.import_graph_def(graph.as_graph_def(), name="")

    wrapped = tf.compat.v1.wrap_function(import_graph, [])
    extract = wrapped.prune(graph.inputs[0].name, f"{FEATURES}:0")
    return np.concatenate([extract(tf.constant(batch["images"])).numpy() for batch in batch_inputs(images=images)])


def _join(batches: Iterable[dict[str, Any]]) -> Arrays:
    values: dict[str, list[NDArray]] = {}
    for outputs in batches:
        for name, value in outputs.items():
            values.setdefault(name, []).append(value.numpy())
    return {name: np.concatenate(arrays) for name, arrays in values.items()}
