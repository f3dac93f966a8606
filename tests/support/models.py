"""Tiny SavedModels whose answers are known, laid out as training publishes them.

- tiny: a digit classifier: a fixed random projection
- steady: a classifier that always answers its own version's number
- slow: takes as many hundredths of a second as the largest first pixel of the batch says
- brittle: a run fails if any row's first pixel is 13; else a row's label is its second pixel
- blot: a generator: each image made from its seed, label and truncation alone
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf

SIDE, CLASSES = 28, 10
BAD = 13

Outputs = dict[str, tf.Tensor]


def _tiny(images: tf.Tensor, version: int) -> Outputs:
    weights = np.random.default_rng(version).normal(size=(SIDE * SIDE, CLASSES)).astype(np.float32)
    flat = tf.reshape(tf.cast(images, tf.float32) / 255.0, [-1, SIDE * SIDE])
    return {"probabilities": tf.nn.softmax(flat @ weights)}


def _steady(images: tf.Tensor, version: int) -> Outputs:
    return {"probabilities": tf.one_hot(tf.fill([tf.shape(images)[0]], version), CLASSES)}


def _slow(images: tf.Tensor, version: int) -> Outputs:
    seconds = tf.cast(tf.reduce_max(images[:, 0, 0, 0]), tf.float64) / 100.0
    end = tf.timestamp() + seconds
    turns = tf.while_loop(lambda _: tf.timestamp() < end, lambda turn: (turn + 1,), (tf.constant(0),))[0]
    with tf.control_dependencies([turns]):
        return _steady(images, version)


def _brittle(images: tf.Tensor, version: int) -> Outputs:
    with tf.control_dependencies([tf.debugging.assert_none_equal(tf.cast(images[:, 0, 0, 0], tf.int32), BAD)]):
        return {"probabilities": tf.one_hot(tf.cast(images[:, 0, 1, 0], tf.int32) % CLASSES, CLASSES)}


def _blot(seeds: tf.Tensor, labels: tf.Tensor, truncation: tf.Tensor) -> Outputs:
    def image(row: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> tf.Tensor:
        seed, label, share = row
        drawn = tf.random.stateless_uniform([SIDE, SIDE, 1], tf.stack([seed, tf.cast(label, tf.int64)])) * share
        return tf.cast(tf.round(drawn * 255.0), tf.uint8)

    made = tf.map_fn(image, (seeds, labels, truncation), fn_output_signature=tf.uint8)
    return {"images": tf.ensure_shape(made, [None, SIDE, SIDE, 1])}


_CLASSIFIERS: dict[str, tuple[Callable[[tf.Tensor, int], Outputs], str]] = {
    "tiny": (_tiny, "digit"),
    "steady": (_steady, "photo"),
    "slow": (_slow, "photo"),
    "brittle": (_brittle, "photo"),
}
_DRAWN_FROM = {"seeds": tf.int64, "labels": tf.int32, "truncation": tf.float32}

NAMES = (*_CLASSIFIERS, "blot")


def build(folder: Path, name: str, version: int = 1) -> Path:
    """Write `folder/<name>/<version>/`, and return it."""
    place = folder / name / str(version)
    if name == "blot":
        function, kind, treatment = _blot, "generator", "digit"
        specs = {key: tf.TensorSpec([None], value, key) for key, value in _DRAWN_FROM.items()}
    else:
        classify, treatment = _CLASSIFIERS[name]
        function, kind = partial(classify, version=version), "classifier"
        specs = {"images": tf.TensorSpec([None, SIDE, SIDE, 1], tf.uint8, "images")}
    signature = tf.function(function).get_concrete_function(**specs)
    tf.saved_model.save(tf.Module(), str(place), signatures={"serving_default": signature})
    describe(place, name, kind, treatment)
    return place


def describe(place: Path, name: str, kind: str, treatment: str) -> None:
    body = {
        "name": name,
        "kind": kind,
        "labels": [str(label) for label in range(CLASSES)],
        "image": {"height": SIDE, "width": SIDE, "channels": 1, "treatment": treatment},
        "facts": {"made": "for tests"},
    }
    (place / "assets.extra").mkdir(parents=True, exist_ok=True)
    (place / "assets.extra" / "servable.json").write_text(json.dumps(body))
