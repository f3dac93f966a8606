"""A score for pictures unlike any that the net was trained on, fitted once it is trained and kept inside its graph.

The Mahalanobis distance of a picture's features from the nearest class, under one covariance for all classes, at every
level of the net (Lee et al. 2018, A simple unified framework for detecting out-of-distribution samples). The last level
alone does not do: a net of cats and dogs keeps little there but what tells these two apart. Lee et al. weigh the levels
by what tells some strangers best; here they count alike, each distance measured in that of a typical validation image,
for there are no strangers to learn from. The covariance is shrunk (Ledoit and Wolf 2004): some features hardly vary.

To their sum is added how little the classes claim the picture, all together: the energy of the logits (Liu et al. 2020,
Energy-based out-of-distribution detection). Photographs of other things are made of much the same lines and textures;
this tells more of them. Both count alike: they vary as much among validation images. Calibrated on these, the score is
a share: 0.99 is stranger than 99% of them.
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

KNOTS = 201  # of the curve from distance to share
MOST = 512  # features of a level that are looked at: a covariance has as many rows and columns

Features = NDArray[np.floating]


@dataclass(frozen=True)
class Level:
    """`whiten` [D,D] makes the covariance one, then a typical distance; `centres` [K,D]: the classes, whitened."""

    whiten: NDArray[np.float32]
    centres: NDArray[np.float32]

    def distance(self, features: tf.Tensor) -> tf.Tensor:
        """float32 [N] from float32 [N,D]: how far the nearest class is."""
        away = (features @ self.whiten)[:, None, :] - self.centres
        return tf.sqrt(tf.reduce_min(tf.reduce_sum(tf.square(away), axis=2), axis=1))


@dataclass(frozen=True)
class OutlierScore:
    """`claim` is what a unit of energy counts; `knots` is how strange validation images are, ascending.

    What is seen of images is what `feature_extractor` gives: logits, then features, [N,any] each.
    """

    levels: list[Level]
    claim: float
    knots: NDArray[np.float32]

    def strangeness(self, seen: Sequence[tf.Tensor]) -> tf.Tensor:
        """float32 [N]."""
        logits, *features = seen
        away = [level.distance(subsample(part)) for level, part in zip(self.levels, features, strict=True)]
        return tf.add_n([self.claim * _energy(logits), *away])

    def score(self, seen: Sequence[tf.Tensor]) -> tf.Tensor:
        """float32 [N] in [0, 1]: the share of validation images that are less strange."""
        low, high = self.knots[:-1], self.knots[1:]
        steps = (self.strangeness(seen)[:, None] - low) / np.maximum(high - low, 1e-6)
        return tf.reduce_mean(tf.clip_by_value(steps, 0.0, 1.0), axis=1)


def _energy(logits: tf.Tensor) -> tf.Tensor:
    return -tf.reduce_logsumexp(logits, axis=1)


def subsample(features: tf.Tensor) -> tf.Tensor:
    """[N,D] from [N,any]: evenly spaced ones where there are more than `MOST`."""
    return features[:, :: -(-features.shape[1] // MOST)]


def extract_features(
    model: keras.Model, split: Split, side: int, most: int = 20_000
) -> tuple[list[Features], NDArray[np.int32]]:
    """(what is seen, classes [N]) of the split's images at that size, of `most` evenly spaced ones at most."""
    net = feature_extractor(model)
    batches = [[subsample(part) for part in net.predict_on_batch(images)] for images in resized(split, side, most)]
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)], split.labels[evenly_spaced(split, most)]


def fit_outlier_score(
    known: Sequence[Features], labels: NDArray[np.integer], held_out: Sequence[Features]
) -> OutlierScore:
    """From what is seen of training images, their classes, and what is seen of validation images."""
    held = [tf.constant(subsample(part), tf.float32) for part in held_out]
    fitted = [_level(subsample(part), labels, of_held) for part, of_held in zip(known[1:], held[1:], strict=True)]
    away = OutlierScore(fitted, 0.0, np.zeros(1, np.float32)).strangeness(held).numpy()
    energy = _energy(held[0]).numpy()
    claim = float(away.std() / max(energy.std(), 1e-3))
    strangeness = away + claim * energy
    return OutlierScore(fitted, claim, np.quantile(strangeness, np.linspace(0, 1, KNOTS)).astype(np.float32))


def _level(known: Features, labels: NDArray[np.integer], held_out: tf.Tensor) -> Level:
    means = np.stack([known[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
    covariance = LedoitWolf(assume_centered=True).fit(known - means[labels]).covariance_
    values, vectors = np.linalg.eigh(covariance)
    whiten = (vectors / np.sqrt(np.maximum(values, values.max() * 1e-6))).astype(np.float32)
    typical = np.median(Level(whiten, (means @ whiten).astype(np.float32)).distance(held_out))
    whiten = round_to_bfloat16(whiten / typical)
    return Level(whiten, (means @ whiten).astype(np.float32))
