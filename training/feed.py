"""Batches for training and for validation: a tf.data stream over rows of a split, in bounded memory."""

from collections.abc import Iterator
from itertools import islice

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
    split = data.train
    fill = "CONSTANT" if data.treatment == "digit" else "REFLECT"
    plain = recipe.augment == Augment() and not recipe.stages and split.shape[0] == recipe.data.size

    def epochs() -> Iterator[tuple[NDArray[np.int64], int]]:
        for epoch in range(first_epoch, recipe.epochs):
            batches = _batches(np.random.default_rng((recipe.seed, epoch)), len(split), recipe.batch_size)
            for rows in islice(batches, steps(data, recipe)):
                yield rows, recipe.size_at(epoch)

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
    """Batches in an epoch: once through in whole batches, the smaller last one left out, or what the recipe says."""
    return recipe.steps or max(1, len(data.train) // recipe.batch_size)


def _batches(rng: np.random.Generator, count: int, batch_size: int) -> Iterator[NDArray[np.int64]]:
    """Rows of whole batches, through all images in one random order after another, without end."""
    size = min(batch_size, count)
    while True:
        order = rng.permutation(count)
        yield from (order[at : at + size] for at in range(0, count - size + 1, size))


def plain(split: Split, classes: int, batch_size: int) -> tf.data.Dataset:
    """(images float32 [N,H,W,C], labels float32 [N,K]), once through, in order, unchanged."""
    rows = tf.data.Dataset.range(len(split)).batch(batch_size)

    def batch(which: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, labels = _gather(split, classes, which)
        return tf.cast(images, tf.float32), labels

    return rows.map(batch, num_parallel_calls=2).prefetch(4)
