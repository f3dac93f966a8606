"""From a trained net to a servable: a SavedModel whose graph takes uint8 images, and what it says of itself."""

import shutil
from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from training.data import Dataset
from training.export.manifest import write_candidate_manifest
from training.export.outlier_score import OutlierScore
from training.nets import noise
from training.nets.classifier import feature_extractor
from training.run import Run

SIGNATURE = "serving_default"
FEATURES = "features"  # the tensor inside a classifier that its last layer reads; no output of the signature

Signature = Callable[..., dict[str, tf.Tensor]]


def _freeze(function: Signature, specs: dict[str, tf.TensorSpec]) -> Signature:
    """The same function with its weights as constants: graph optimisers fold batch norms into convolutions then."""
    concrete = tf.function(function).get_concrete_function(**specs)
    names = sorted(concrete.structured_outputs)
    frozen = convert_variables_to_constants_v2(concrete)
    order = [tensor.name.split(":")[0] for tensor in frozen.inputs]

    def call(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = frozen(*(inputs[name] for name in order))
        return {name: tf.identity(output, name) for name, output in zip(names, outputs, strict=True)}

    return call


def save(function: Signature, specs: dict[str, tf.TensorSpec], folder: Path) -> None:
    """Write `folder/saved_model.pb` and `variables/` with `function` as its `serving_default`."""
    shutil.rmtree(folder, ignore_errors=True)
    module = tf.Module()
    traced = tf.function(_freeze(function, specs), input_signature=None)
    signature = traced.get_concrete_function(**specs)
    tf.saved_model.save(module, str(folder), signatures={SIGNATURE: signature})
    (folder / "fingerprint.pb").unlink(missing_ok=True)


def export_classifier(model: keras.Model, temperature: float, outliers: OutlierScore, data: Dataset, run: Run) -> Path:
    """The candidate of a classifier's run: `images` uint8 [N,H,W,C] -> `probabilities` float32 [N,K] and
    `outlier_score` float32 [N]: the share of validation images that are less strange (training.export.outlier_score).
    """
    side, channels = run.recipe.data.size, data.train.shape[2]
    net = feature_extractor(model)

    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        seen = net(tf.cast(images, tf.float32), training=False)
        seen[-1] = tf.identity(seen[-1], FEATURES)  # measures find it by its name
        return {"probabilities": tf.nn.softmax(seen[0] / temperature), "outlier_score": outliers.score(seen)}

    save(serve, {"images": tf.TensorSpec([None, side, side, channels], tf.uint8, "images")}, run.candidate)
    write_candidate_manifest(run, "classifier", data, side)
    return run.candidate


def export_generator(model: keras.Model, data: Dataset, run: Run) -> Path:
    """The candidate of a GAN's run: `seeds` int64 [N], `labels` int32 [N] (-1 is any), `truncation` float32 [N] ->
    `images` uint8 [N,H,W,C]. `truncation` below 1 draws nearer to the usual, with less variety (Brock et al. 2018); the
    recipe's own comes on top.
    """
    classes, recipe = len(data.classes), run.recipe

    def serve(seeds: tf.Tensor, labels: tf.Tensor, truncation: tf.Tensor) -> dict[str, tf.Tensor]:
        known = tf.where(labels < 0, noise.choices(seeds, classes), labels % classes)
        drawn = noise.normals(seeds, recipe.gan.latent) * recipe.truncation * truncation[:, None]
        pictures = model([drawn, known], training=False)
        return {"images": tf.cast(tf.round((tf.clip_by_value(pictures, -1, 1) + 1) * 127.5), tf.uint8)}

    kinds = {"seeds": tf.int64, "labels": tf.int32, "truncation": tf.float32}
    save(serve, {name: tf.TensorSpec([None], kind, name) for name, kind in kinds.items()}, run.candidate)
    write_candidate_manifest(run, "generator", data, data.train.shape[0])
    return run.candidate
