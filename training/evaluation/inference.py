"""Runs a servable through its signatures alone, as any server would: its SavedModel, or its LiteRT form."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from service.litert.runner import Runner, read_form
from training.data import Split
from training.data.dataset import chunks
from training.export.frozen_graph import load_frozen
from training.export.signatures import FEATURES, SERVING_DEFAULT

BATCH = 100

Arrays = dict[str, NDArray]
RunModel = Callable[[Path, Iterable[Arrays]], Arrays]  # run_servable, or run_form


def batch_inputs(**inputs: NDArray) -> Iterator[Arrays]:
    """The inputs in batches of at most 100 rows."""
    rows = len(next(iter(inputs.values())))
    for start in range(0, rows, BATCH):
        yield {name: value[start : start + BATCH] for name, value in inputs.items()}


def iterate_images(split: Split) -> Iterator[Arrays]:
    """The split's images as inputs of a classifier, in chunks: all of them need not fit into memory."""
    return ({"images": images} for images in chunks(split))


def run_servable(version_dir: Path, batches: Iterable[Arrays], signature_name: str = SERVING_DEFAULT) -> Arrays:
    """All outputs of a signature, each joined over the batches of inputs."""
    signature = tf.saved_model.load(str(version_dir)).signatures[signature_name]
    outputs = (signature(**{name: tf.constant(value) for name, value in batch.items()}) for batch in batches)
    return _join({name: value.numpy() for name, value in batch.items()} for batch in outputs)


def run_form(version_dir: Path, batches: Iterable[Arrays], signature_name: str = SERVING_DEFAULT) -> Arrays:
    """As `run_servable`, of the LiteRT form."""
    runner = Runner(read_form(version_dir), signature_name)
    return _join(runner.run(batch) for batch in batches)


def has_signature(version_dir: Path, signature_name: str) -> bool:
    return signature_name in tf.saved_model.load(str(version_dir)).signatures


def extract_servable_features(version_dir: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[N,D]: the inputs of a classifier's last layer. Raises ValueError if its graph has no tensor of that name."""
    graph = load_frozen(version_dir)
    features = graph.find(FEATURES)
    if features is None:
        raise ValueError(f"{version_dir} does not name its features: export it again.")
    extract = graph.cut([graph.inputs["images"]], [features.outputs[0]])
    return np.concatenate([extract(tf.constant(batch["images"]))[0].numpy() for batch in batch_inputs(images=images)])


def _join(batches: Iterable[Arrays]) -> Arrays:
    values: dict[str, list[NDArray]] = {}
    for outputs in batches:
        for name, value in outputs.items():
            values.setdefault(name, []).append(value)
    return {name: np.concatenate(arrays) for name, arrays in values.items()}
