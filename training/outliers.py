"""A score for pictures unlike any that the net was trained on, fitted once it is trained and kept inside its graph.

The Mahalanobis distance of a picture's features from the nearest class, under one covariance for all classes, at every
level of the net (Lee et al. 2018, A simple unified framework for detecting out-of-distribution samples). The last level
alone does not do: a net of cats and dogs keeps little there but what tells these two apart. Lee et al. weigh the levels
by what tells some strangers best; here they count alike, each distance measured in that of a typical validation image,
for there are no strangers to learn from.

The covariance is shrunk (Ledoit and Wolf 2004): some features hardly vary. Calibrated on validation images, the score
is a share: 0.99 is further out than 99% of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from training.data import Split
from training.nets import levels

BATCH = 50
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
class Outliers:
    """`knots` are distances of validation images, ascending."""

    levels: list[Level]
    knots: NDArray[np.float32]

    def distance(self, seen: Sequence[tf.Tensor]) -> tf.Tensor:
        """float32 [N] from the features at each level, float32 [N,D]."""
        return tf.add_n([level.distance(thin(part)) for level, part in zip(self.levels, seen, strict=True)])

    def score(self, seen: Sequence[tf.Tensor]) -> tf.Tensor:
        """float32 [N] in [0, 1]: the share of validation images that are nearer."""
        low, high = self.knots[:-1], self.knots[1:]
        steps = (self.distance(seen)[:, None] - low) / np.maximum(high - low, 1e-6)
        return tf.reduce_mean(tf.clip_by_value(steps, 0.0, 1.0), axis=1)


def thin(features: tf.Tensor) -> tf.Tensor:
    """[N,D] from [N,any]: evenly spaced ones where there are more than `MOST`."""
    return features[:, :: -(-features.shape[1] // MOST)]


def seen(model: keras.Model, split: Split, side: int, most: int = 20_000) -> tuple[list[Features], NDArray[np.int32]]:
    """(each level's features [N,D], classes [N]) of the split's images at that size, of evenly spaced ones at most."""
    net, which = levels(model), np.arange(0, len(split), max(1, len(split) // most))[:most]
    batches = []
    for at in range(0, len(which), BATCH):
        images = tf.cast(split.images(which[at : at + BATCH]), tf.float32)
        images = tf.image.resize(images, [side, side], antialias=True)
        _, *parts = net.predict_on_batch(images)
        batches.append([thin(part) for part in parts])
    return [np.concatenate(level) for level in zip(*batches, strict=True)], split.labels[which]


def fit(known: Sequence[Features], labels: NDArray[np.integer], held_out: Sequence[Features]) -> Outliers:
    """From what each level sees of training images, their classes, and what it sees of validation images."""
    known, held_out = ([thin(part) for part in each] for each in (known, held_out))
    fitted = [_level(part, labels, held) for part, held in zip(known, held_out, strict=True)]
    distances = Outliers(fitted, np.zeros(1, np.float32)).distance([tf.constant(part, tf.float32) for part in held_out])
    return Outliers(fitted, np.quantile(distances, np.linspace(0, 1, KNOTS)).astype(np.float32))


def _level(known: Features, labels: NDArray[np.integer], held_out: Features) -> Level:
    means = np.stack([known[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
    covariance = LedoitWolf(assume_centered=True).fit(known - means[labels]).covariance_
    values, vectors = np.linalg.eigh(covariance)
    whiten = (vectors / np.sqrt(np.maximum(values, values.max() * 1e-6))).astype(np.float32)
    centres = (means @ whiten).astype(np.float32)
    typical = np.median(Level(whiten, centres).distance(tf.constant(held_out, tf.float32)))
    return Level(whiten / typical, centres / typical)
