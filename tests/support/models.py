"""Tiny SavedModels with known outputs, in the layout that training publishes.

- tiny: a classifier, a fixed random projection; its map, by `explain`, is as hot as the picture is bright
- steady: a classifier that always predicts its own version's number
- slow: runs for as many hundredths of a second as the largest first pixel of the batch
- sluggish: the same in seconds
- echo: the probabilities are the first ten pixels of the row over 255, so that each image knows its own answer
- brittle: a run fails if the first pixel of any row is 13; else a row's label is its second pixel
- blot: a generator whose image depends only on its seed, label and truncation; `walk` fades from one to the other
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf

SIDE, CLASSES = 28, 10
BAD_PIXEL = 13

Outputs = dict[str, tf.Tensor]


def _tiny(images: tf.Tensor, version: int) -> Outputs:
    weights = np.random.default_rng(version).normal(size=(SIDE * SIDE, CLASSES)).astype(np.float32)
    flat = tf.reshape(tf.cast(images, tf.float32) / 255.0, [-1, SIDE * SIDE])
    return {"probabilities": tf.nn.softmax(flat @ weights)}


def _explain_tiny(images: tf.Tensor, version: int) -> Outputs:
    """Maps [N,4,4,K]: the brightness of each part of the picture, times the class."""
    brightness = tf.nn.avg_pool2d(tf.cast(images, tf.float32) / 255.0, SIDE // 4, SIDE // 4, "VALID")
    return _tiny(images, version) | {"maps": brightness * tf.range(CLASSES, dtype=tf.float32)}


def _steady(images: tf.Tensor, version: int) -> Outputs:
    return {"probabilities": tf.one_hot(tf.fill([tf.shape(images)[0]], version), CLASSES)}


def _slow(images: tf.Tensor, version: int, unit: float = 0.01) -> Outputs:
    seconds = tf.cast(tf.reduce_max(images[:, 0, 0, 0]), tf.float64) * unit
    end = tf.timestamp() + seconds
    loops = tf.while_loop(lambda _: tf.timestamp() < end, lambda count: (count + 1,), (tf.constant(0),))[0]
    with tf.control_dependencies([loops]):
        return _steady(images, version)


def _echo(images: tf.Tensor, version: int) -> Outputs:
    return {"probabilities": tf.cast(images[:, 0, :CLASSES, 0], tf.float32) / 255.0}


def _brittle(images: tf.Tensor, version: int) -> Outputs:
    with tf.control_dependencies([tf.debugging.assert_none_equal(tf.cast(images[:, 0, 0, 0], tf.int32), BAD_PIXEL)]):
        return {"probabilities": tf.one_hot(tf.cast(images[:, 0, 1, 0], tf.int32) % CLASSES, CLASSES)}


def _blot(seeds: tf.Tensor, labels: tf.Tensor, truncation: tf.Tensor) -> Outputs:
    def image(row: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> tf.Tensor:
        seed, label, scale = row
        pixels = tf.random.stateless_uniform([SIDE, SIDE, 1], tf.stack([seed, tf.cast(label, tf.int64)])) * scale
        return tf.cast(tf.round(pixels * 255.0), tf.uint8)

    images = tf.map_fn(image, (seeds, labels, truncation), fn_output_signature=tf.uint8)
    return {"images": tf.ensure_shape(images, [None, SIDE, SIDE, 1])}


def _walk(
    seeds_from: tf.Tensor, seeds_to: tf.Tensor, position: tf.Tensor, labels: tf.Tensor, truncation: tf.Tensor
) -> Outputs:
    ends = [tf.cast(_blot(seeds, labels, truncation)["images"], tf.float32) for seeds in (seeds_from, seeds_to)]
    share = position[:, None, None, None]
    return {"images": tf.cast(tf.round(ends[0] * (1 - share) + ends[1] * share), tf.uint8)}


_CLASSIFIERS: dict[str, tuple[Callable[[tf.Tensor, int], Outputs], str]] = {
    "tiny": (_tiny, "photo"),
    "steady": (_steady, "photo"),
    "slow": (_slow, "photo"),
    "sluggish": (partial(_slow, unit=1.0), "photo"),
    "echo": (_echo, "photo"),
    "brittle": (_brittle, "photo"),
}
_WISHES = {"labels": tf.int32, "truncation": tf.float32}
_GENERATOR_INPUTS = {"seeds": tf.int64, **_WISHES}
_WALK_INPUTS = {"seeds_from": tf.int64, "seeds_to": tf.int64, "position": tf.float32, **_WISHES}


def build_model(folder: Path, name: str, version: int = 1) -> Path:
    """Write `folder/<name>/<version>/`. Returns its path."""
    version_dir = folder / name / str(version)
    if name == "blot":
        function, kind, treatment = _blot, "generator", "digit"
        specs = _make_specs(_GENERATOR_INPUTS)
    else:
        classify, treatment = _CLASSIFIERS[name]
        function, kind = partial(classify, version=version), "classifier"
        specs = {"images": tf.TensorSpec([None, SIDE, SIDE, 1], tf.uint8, "images")}
    signatures = {"serving_default": tf.function(function).get_concrete_function(**specs)}
    if name == "blot":
        signatures["walk"] = tf.function(_walk).get_concrete_function(**_make_specs(_WALK_INPUTS))
    elif name == "tiny":
        signatures["explain"] = tf.function(partial(_explain_tiny, version=version)).get_concrete_function(**specs)
    tf.saved_model.save(tf.Module(), str(version_dir), signatures=signatures)
    write_manifest(version_dir, name, kind, treatment)
    return version_dir


def _make_specs(inputs: dict[str, tf.DType]) -> dict[str, tf.TensorSpec]:
    return {name: tf.TensorSpec([None], dtype, name) for name, dtype in inputs.items()}


def write_manifest(version_dir: Path, name: str, kind: str, treatment: str) -> None:
    body = {
        "name": name,
        "kind": kind,
        "labels": [str(label) for label in range(CLASSES)],
        "image": {"height": SIDE, "width": SIDE, "channels": 1, "treatment": treatment},
        "facts": {"made": "for tests"},
    }
    (version_dir / "assets.extra").mkdir(parents=True, exist_ok=True)
    (version_dir / "assets.extra" / "servable.json").write_text(json.dumps(body))
