"""Batches for training and for evaluation: tf.data streams over the rows of a split, in bounded memory."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from service.errors import BadImage
from training.data import Dataset, Split
from training.data.dataset import chunks, evenly_spaced
from training.input.augment import augment
from training.input.distillation import with_teacher_labels
from training.input.stateless_random import use_seed
from training.recipes.schema import Augment, Recipe

Batch = tuple[tf.Tensor, tf.Tensor]


@dataclass(frozen=True)
class Shard:
    """What this process feeds of each batch: the `parts` out of `count` equal parts, one part per device, in order."""

    parts: range = range(1)
    count: int = 1


FULL_BATCH = Shard()


def training_batches(data: Dataset, recipe: Recipe, first_epoch: int, shard: Shard = FULL_BATCH) -> tf.data.Dataset:
    """(images float32 [N,S,S,C], labels float32 [N,K]) of every epoch from `first_epoch` on, without end.

    The order within an epoch depends only on the seed and the epoch; the augmentation of a batch also on the step and
    the part. So a resumed run gets what an uninterrupted one would.
    """
    split = data.train
    fill = "CONSTANT" if data.treatment == "digit" else "REFLECT"
    unchanged = recipe.augment == Augment() and not recipe.stages and split.shape[0] == recipe.data.size

    def plan() -> Iterator[tuple[NDArray[np.int64], int, np.int64]]:
        """(rows, image size, seed) of each part of each batch."""
        for epoch in count(first_epoch):
            shuffled = _shuffle_rows(np.random.default_rng((recipe.seed, epoch)), len(split), recipe.batch_size)
            for step, rows in enumerate(islice(shuffled, steps_per_epoch(data, recipe))):
                for part in shard.parts:
                    seed = np.random.SeedSequence((recipe.seed, epoch, step, part)).generate_state(1, np.uint64)
                    yield rows[part :: shard.count], recipe.size_at(epoch), seed.view(np.int64)[0]

    def load(rows: tf.Tensor, side: tf.Tensor, seed: tf.Tensor) -> Batch:
        images, labels = _read_rows(split, len(data.classes), rows)
        if unchanged:
            return tf.cast(images, tf.float32), labels
        with use_seed(seed):
            images, labels = augment(images, labels, side, recipe.augment, fill)
        return tf.ensure_shape(images, [None, None, None, split.shape[2]]), labels

    specs = (tf.TensorSpec([None], tf.int64), tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.int64))
    plans = tf.data.Dataset.from_generator(plan, output_signature=specs)
    endless = plans.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))
    return with_teacher_labels(endless.map(load, num_parallel_calls=2), recipe).prefetch(2)


def steps_per_epoch(data: Dataset, recipe: Recipe) -> int:
    """The recipe's `steps`, or else one pass through the images in full batches; the smaller last one is left out."""
    return recipe.steps or max(1, len(data.train) // recipe.batch_size)


def _shuffle_rows(rng: np.random.Generator, count: int, batch_size: int) -> Iterator[NDArray[np.int64]]:
    """Rows of full batches, through all images in one random order after another, without end."""
    size = min(batch_size, count)
    while True:
        order = rng.permutation(count)
        yield from (order[start : start + size] for start in range(0, count - size + 1, size))


def _read_rows(split: Split, classes: int, rows: tf.Tensor) -> Batch:
    images = tf.numpy_function(lambda indices: split.images(np.sort(indices)), [rows], tf.uint8, stateful=False)
    labels = tf.one_hot(tf.gather(split.labels, tf.sort(rows)), classes)
    return tf.ensure_shape(images, [None, *split.shape]), labels


def eval_batches(split: Split, classes: int, batch_size: int, shard: Shard = FULL_BATCH) -> tf.data.Dataset:
    """(images float32 [N,H,W,C], labels float32 [N,K]): the split once, in order, unchanged; N <= `batch_size`.

    Every part of a shard has the same number of batches.
    """
    rounds = -(-len(split) // (batch_size * shard.count))
    batches = np.array_split(np.arange(len(split)), rounds * shard.count)
    own = [batches[turn * shard.count + part] for turn in range(rounds) for part in shard.parts]
    rows = tf.data.Dataset.from_generator(lambda: iter(own), output_signature=tf.TensorSpec([None], tf.int64))

    def load(indices: tf.Tensor) -> Batch:
        images, labels = _read_rows(split, classes, indices)
        return tf.cast(images, tf.float32), labels

    finite = rows.apply(tf.data.experimental.assert_cardinality(len(own)))
    return finite.map(load, num_parallel_calls=2).prefetch(2)


def resized(split: Split, side: int, limit: int) -> Iterator[tf.Tensor]:
    """float32 [K,side,side,C], in order: at most `limit` evenly spaced images of the split, in chunks."""
    for images in chunks(split, evenly_spaced(split, limit)):
        yield tf.image.resize(tf.cast(images, tf.float32), [side, side], antialias=True)


@contextmanager
def reraise_bad_image() -> Iterator[None]:
    """Turns TensorFlow's error for an unreadable image inside a stream back into BadImage."""
    try:
        yield
    except tf.errors.UnknownError as error:
        match = re.search(r"BadImage: (.+)", error.message)
        if match is None:
            raise
        raise BadImage(match[1]) from None
