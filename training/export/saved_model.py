"""Writes a trained net as a servable: a SavedModel whose graph takes uint8 images, and its manifest."""

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
FEATURES = "features"  # the input of a classifier's last layer: a tensor inside the graph, not an output

Signature = Callable[..., dict[str, tf.Tensor]]


def _freeze(function: Signature, specs: dict[str, tf.TensorSpec]) -> Signature:
    """The same function with its weights as constants, so that graph optimisers fold BatchNorm into convolutions."""
    concrete = tf.function(function).get_concrete_function(**specs)
    names = sorted(concrete.structured_outputs)
    frozen = convert_variables_to_constants_v2(concrete)
    order = [tensor.name.split(":")[0] for tensor in frozen.inputs]

    def call(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = frozen(*(inputs[name] for name in order))
        return {name: tf.identity(output, name) for name, output in zip(names, outputs, strict=True)}

    return call


def write_saved_model(function: Signature, specs: dict[str, tf.TensorSpec], folder: Path) -> None:
    """Write `folder/saved_model.pb` and `variables/` with `function` as its `serving_default`."""
    shutil.rmtree(folder, ignore_errors=True)
    module = tf.Module()
    traced = tf.function(_freeze(function, specs), input_signature=None)
    signature = traced.get_concrete_function(**specs)
    tf.saved_model.save(module, str(folder), signatures={SIGNATURE: signature})
    (folder / "fingerprint.pb").unlink(missing_ok=True)


def export_classifier(
    model: keras.Model, temperature: float, outlier_score: OutlierScore, data: Dataset, run: Run
) -> Path:
    """Write the candidate of a classifier's run and return its folder.

    `images` uint8 [N,H,W,C] -> `probabilities` float32 [N,K] and `outlier_score` float32 [N]: the share of validation
    images that are less strange (training.export.outlier_score).
    """
    side, channels = run.recipe.data.size, data.train.shape[2]
    net = feature_extractor(model)

    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = net(tf.cast(images, tf.float32), training=False)
        outputs[-1] = tf.identity(outputs[-1], FEATURES)  # evaluation finds it by its name
        return {
            "probabilities": tf.nn.softmax(outputs[0] / temperature),
            "outlier_score": outlier_score.score(outputs),
        }

    write_saved_model(serve, {"images": tf.TensorSpec([None, side, side, channels], tf.uint8, "images")}, run.candidate)
    write_candidate_manifest(run, "classifier", data, side)
    return run.candidate


def export_generator(model: keras.Model, data: Dataset, run: Run) -> Path:
    """Write the candidate of a GAN's run and return its folder.

    `seeds` int64 [N], `labels` int32 [N] (-1 for any), `truncation` float32 [N] -> `images` uint8 [N,H,W,C].
    `truncation` below 1 gives more typical and less varied images (Brock et al. 2018). It is multiplied with the
    recipe's own truncation.
    """
    classes, recipe = len(data.classes), run.recipe

    def serve(seeds: tf.Tensor, labels: tf.Tensor, truncation: tf.Tensor) -> dict[str, tf.Tensor]:
        chosen_labels = tf.where(labels < 0, noise.choices(seeds, classes), labels % classes)
        latent = noise.normals(seeds, recipe.gan.latent) * recipe.truncation * truncation[:, None]
        images = model([latent, chosen_labels], training=False)
        return {"images": tf.cast(tf.round((tf.clip_by_value(images, -1, 1) + 1) * 127.5), tf.uint8)}

    dtypes = {"seeds": tf.int64, "labels": tf.int32, "truncation": tf.float32}
    specs = {name: tf.TensorSpec([None], dtype, name) for name, dtype in dtypes.items()}
    write_saved_model(serve, specs, run.candidate)
    write_candidate_manifest(run, "generator", data, data.train.shape[0])
    return run.candidate
