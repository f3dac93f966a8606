"""A score for images unlike the training images. It is fitted after training and stored in the servable's graph.

The first part is the Mahalanobis distance from an image's features to the nearest class, with one covariance for all
classes, at every level of the net (Lee et al. 2018, A simple unified framework for detecting out-of-distribution
samples). The last level alone is not enough: a net for cats and dogs keeps little there but what separates the two.
Lee et al. weight the levels by how well they detect known outliers. There are none to learn from here, so all levels
count the same, each distance in units of that of a typical validation image. The covariance is shrunk (Ledoit and Wolf
2004), because some features hardly vary.

The second part is the energy of the logits, which is high if no class fits (Liu et al. 2020, Energy-based
out-of-distribution detection). It detects more of the photographs of other things, which consist of much the same lines
and textures. It is scaled so that both parts vary equally among validation images. The score is calibrated on these
images as a share: 0.99 is stranger than 99% of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from training.data import Split
from training.data.dataset import evenly_spaced
from training.export.rounding import round_to_bfloat16
from training.input.pipeline import resized
from training.nets.classifier import feature_extractor

QUANTILES = 201  # points of the curve from strangeness to share
MAX_FEATURES = 512  # per level: the covariance has one row and one column per feature

Features = NDArray[np.floating]


@dataclass(frozen=True)
class Level:
    """`whitening` [D,D] turns the covariance into the identity, and a typical distance into 1.

    `centres` [K,D] are the means of the classes after whitening.
    """

    whitening: NDArray[np.float32]
    centres: NDArray[np.float32]

    def compute_distance(self, features: tf.Tensor) -> tf.Tensor:
        """float32 [N] from float32 [N,D]: the distance to the nearest class."""
        differences = (features @ self.whitening)[:, None, :] - self.centres
        return tf.sqrt(tf.reduce_min(tf.reduce_sum(tf.square(differences), axis=2), axis=1))


@dataclass(frozen=True)
class OutlierScore:
    """`energy_weight` scales the energy; `quantiles` are those of the strangeness of validation images, ascending.

    The methods take the outputs of `feature_extractor`: logits [N,K], then the features [N,any] of every level.
    """

    levels: list[Level]
    energy_weight: float
    quantiles: NDArray[np.float32]

    def compute_strangeness(self, outputs: Sequence[tf.Tensor]) -> tf.Tensor:
        """float32 [N]: the sum of the distances and the scaled energy."""
        logits, *features = outputs
        distances = [
            level.compute_distance(subsample(values)) for level, values in zip(self.levels, features, strict=True)
        ]
        return tf.add_n([self.energy_weight * _compute_energy(logits), *distances])

    def score(self, outputs: Sequence[tf.Tensor]) -> tf.Tensor:
        """float32 [N] in [0, 1]: the share of validation images that are less strange."""
        low, high = self.quantiles[:-1], self.quantiles[1:]
        steps = (self.compute_strangeness(outputs)[:, None] - low) / np.maximum(high - low, 1e-6)
        return tf.reduce_mean(tf.clip_by_value(steps, 0.0, 1.0), axis=1)


def _compute_energy(logits: tf.Tensor) -> tf.Tensor:
    return -tf.reduce_logsumexp(logits, axis=1)


def subsample(features: tf.Tensor) -> tf.Tensor:
    """[N,D] from [N,any]: at most `MAX_FEATURES` of the features, evenly spaced."""
    return features[:, :: -(-features.shape[1] // MAX_FEATURES)]


def extract_features(
    model: keras.Model, split: Split, side: int, limit: int = 20_000
) -> tuple[list[Features], NDArray[np.int32]]:
    """(logits and features of every level, labels [N]) of at most `limit` evenly spaced images, resized to `side`."""
    net = feature_extractor(model)
    batches = [[subsample(values) for values in net.predict_on_batch(images)] for images in resized(split, side, limit)]
    outputs = [np.concatenate(values) for values in zip(*batches, strict=True)]
    return outputs, split.labels[evenly_spaced(split, limit)]


def fit_outlier_score(
    train_outputs: Sequence[Features], labels: NDArray[np.integer], validation_outputs: Sequence[Features]
) -> OutlierScore:
    """From the logits and features of training images, their labels [N], and those of validation images."""
    validation = [tf.constant(subsample(values), tf.float32) for values in validation_outputs]
    levels = [
        _fit_level(subsample(features), labels, validation_features)
        for features, validation_features in zip(train_outputs[1:], validation[1:], strict=True)
    ]
    distances = OutlierScore(levels, 0.0, np.zeros(1, np.float32)).compute_strangeness(validation).numpy()
    energy = _compute_energy(validation[0]).numpy()
    energy_weight = float(distances.std() / max(energy.std(), 1e-3))
    strangeness = distances + energy_weight * energy
    quantiles = np.quantile(strangeness, np.linspace(0, 1, QUANTILES)).astype(np.float32)
    return OutlierScore(levels, energy_weight, quantiles)


def _fit_level(features: Features, labels: NDArray[np.integer], validation_features: tf.Tensor) -> Level:
    means = np.stack([features[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
    covariance = LedoitWolf(assume_centered=True).fit(features - means[labels]).covariance_
    values, vectors = np.linalg.eigh(covariance)
    whitening = (vectors / np.sqrt(np.maximum(values, values.max() * 1e-6))).astype(np.float32)
    level = Level(whitening, (means @ whitening).astype(np.float32))
    typical = np.median(level.compute_distance(validation_features))
    whitening = round_to_bfloat16(whitening / typical)
    return Level(whitening, (means @ whitening).astype(np.float32))
