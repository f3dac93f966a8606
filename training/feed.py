"""Batches for training and for validation: a tf.data stream over rows of a split, in bounded memory."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.augment import augment
from training.data import Dataset, Split
from training.recipe import Augment, Recipe


def _gather(split: Split, classes: int, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    images = tf.numpy_function(lambda which: split.images(np.sort(which)), [rows], tf.uint8, stateful=False)
    labels = tf.one_hot(tf.gather(split.labels, tf.sort(rows)), classes)
    return tf.ensure_shape(images, [None, *split.shape]), labels


def training(data: Dataset, recipe: Recipe, first_epoch: int) -> tf.data.Dataset:
    """(images float32 [N,S,S,C], labels float32 [N,K]) for every epoch from `first_epoch` on.

    The order of an epoch depends on the seed and the epoch alone, so a resumed run sees what it would have seen.
    """
    split, size = data.train, recipe.batch_size
    fill = "CONSTANT" if data.treatment == "digit" else "REFLECT"
    plain = recipe.augment == Augment() and not recipe.stages and split.shape[0] == recipe.data.size

    def epochs() -> Iterator[tuple[NDArray[np.int64], int]]:
        for epoch in range(first_epoch, recipe.epochs):
            order = np.random.default_rng((recipe.seed, epoch)).permutation(len(split))
            for step in range(steps(data, recipe)):
                yield order[step * size : (step + 1) * size], recipe.size_at(epoch)

    def batch(rows: tf.Tensor, side: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, labels = _gather(split, len(data.classes), rows)
        if plain:
            return tf.cast(images, tf.float32), labels
        images, labels = augment(images, labels, side, recipe.augment, fill)
        return tf.ensure_shape(images, [None, None, None, split.shape[2]]), labels

    kinds = (tf.TensorSpec([None], tf.int64), tf.TensorSpec([], tf.int32))
    rows = tf.data.Dataset.from_generator(epochs, output_signature=kinds)
    return rows.map(batch, num_parallel_calls=2).prefetch(4)


def steps(data: Dataset, recipe: Recipe) -> int:
    """Whole batches in an epoch: the last, smaller one is left out, and other images are in it each time."""
    return max(1, len(data.train) // recipe.batch_size)


def plain(split: Split, classes: int, batch_size: int) -> tf.data.Dataset:
    """(images float32 [N,H,W,C], labels float32 [N,K]), once through, in order, unchanged."""
    rows = tf.data.Dataset.range(len(split)).batch(batch_size)

    def batch(which: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, labels = _gather(split, classes, which)
        return tf.cast(images, tf.float32), labels

    return rows.map(batch, num_parallel_calls=2).prefetch(4)
