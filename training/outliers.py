"""A score for pictures unlike any that the net was trained on, fitted once it is trained and kept inside its graph.

The Mahalanobis distance of a picture's features from the nearest class, under one covariance for all classes (Lee et
al. 2018, A simple unified framework for detecting out-of-distribution samples). The covariance is shrunk (Ledoit and
Wolf 2004): some features hardly vary. Calibrated on validation images, the score is a share: 0.99 is further out than
99% of them.
"""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from training.data import Split
from training.data.splits import pieces
from training.nets import features

KNOTS = 201  # of the curve from distance to share

Features = NDArray[np.floating]


@dataclass(frozen=True)
class Outliers:
    """`whiten` [D,D] makes the covariance one; `centres` [K,D] are the classes' means after it; `knots` ascending."""

    whiten: NDArray[np.float32]
    centres: NDArray[np.float32]
    knots: NDArray[np.float32]

    def distance(self, features: tf.Tensor) -> tf.Tensor:
        """float32 [N] from float32 [N,D]: how far the nearest class is."""
        away = (features @ self.whiten)[:, None, :] - self.centres[None]
        return tf.sqrt(tf.reduce_min(tf.reduce_sum(tf.square(away), axis=2), axis=1))

    def score(self, features: tf.Tensor) -> tf.Tensor:
        """float32 [N] in [0, 1]: the share of validation images that are nearer."""
        low, high = self.knots[:-1], self.knots[1:]
        steps = (self.distance(features)[:, None] - low) / np.maximum(high - low, 1e-6)
        return tf.reduce_mean(tf.clip_by_value(steps, 0.0, 1.0), axis=1)


def seen(model: keras.Model, split: Split, side: int, most: int = 20_000) -> tuple[Features, NDArray[np.int32]]:
    """(features [N,D], classes [N]) of the split's images at that size, of evenly spaced ones if there are too many."""
    net, which = features(model), np.arange(0, len(split), max(1, len(split) // most))[:most]
    parts = []
    for images in pieces(split, which):
        floats = tf.cast(images, tf.float32)
        parts.append(net.predict_on_batch(tf.image.resize(floats, [side, side], antialias=True)))
    return np.concatenate(parts), split.labels[which]


def fit(known: Features, labels: NDArray[np.integer], held_out: Features) -> Outliers:
    """From the features of training images and their classes, and of validation images."""
    means = np.stack([known[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
    covariance = LedoitWolf(assume_centered=True).fit(known - means[labels]).covariance_
    values, vectors = np.linalg.eigh(covariance)
    whiten = vectors / np.sqrt(np.maximum(values, values.max() * 1e-6))
    unset = Outliers(whiten.astype(np.float32), (means @ whiten).astype(np.float32), np.zeros(1, np.float32))
    distances = unset.distance(tf.constant(held_out, tf.float32)).numpy()
    knots = np.quantile(distances, np.linspace(0, 1, KNOTS)).astype(np.float32)
    return Outliers(unset.whiten, unset.centres, knots)
