"""Writes a trained net as a servable: a SavedModel whose graph takes uint8 images, and its manifest."""

import shutil
from pathlib import Path

import keras
import tensorflow as tf

from training.data import Dataset
from training.export.frozen_graph import FrozenGraph, Function, freeze
from training.export.manifest import write_candidate_manifest
from training.export.outlier_score import OutlierScore
from training.export.signatures import FEATURES, list_signatures
from training.nets import noise
from training.nets.classifier import feature_extractor
from training.run import Run


def write_saved_model(function: Function, specs: dict[str, tf.TensorSpec], folder: Path) -> None:
    """Write `folder/saved_model.pb`: `function` as `serving_default`, and the other signatures that it allows."""
    write_frozen(freeze(function, specs), folder)


def write_frozen(graph: FrozenGraph, folder: Path) -> None:
    """As `write_saved_model`, from a graph that is frozen already."""
    shutil.rmtree(folder, ignore_errors=True)
    signatures = {
        name: tf.function(function).get_concrete_function(**specs)
        for name, (function, specs) in list_signatures(graph).items()
    }
    tf.saved_model.save(tf.Module(), str(folder), signatures=signatures)
    (folder / "fingerprint.pb").unlink(missing_ok=True)


def export_classifier(
    model: keras.Model, temperature: float, outlier_score: OutlierScore, data: Dataset, run: Run
) -> Path:
    """Write the candidate of a classifier's run and return its folder.

    `images` uint8 [N,H,W,C] -> `probabilities` float32 [N,K] and `outlier_score` float32 [N]: the share of validation
    images that are less strange (training.export.outlier_score). A net that ends in global average pooling gets
    `explain` as well (training.export.signatures).
    """
    side, channels = run.recipe.data.size, data.train.shape[2]
    net = feature_extractor(model)

    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = net(tf.cast(images, tf.float32), training=False)
        outputs[-1] = tf.identity(outputs[-1], FEATURES)  # evaluation and `explain` find it by its name
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
    recipe's own truncation. `walk` goes from one seed to another (training.export.signatures).
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
