"""Batches for training and for validation: a tf.data stream over rows of a split, in bounded memory."""

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
from training.input import stateless_random as draws
from training.input.augment import augment
from training.input.distillation import with_teacher_labels
from training.recipes.schema import Augment, Recipe

Batch = tuple[tf.Tensor, tf.Tensor]


@dataclass(frozen=True)
class Share:
    """What of each batch this process feeds: `parts` of `of` equal parts, a part a device, one after another."""

    parts: range = range(1)
    of: int = 1


ALL = Share()


def _gather(split: Split, classes: int, rows: tf.Tensor) -> Batch:
    images = tf.numpy_function(lambda which: split.images(np.sort(which)), [rows], tf.uint8, stateful=False)
    labels = tf.one_hot(tf.gather(split.labels, tf.sort(rows)), classes)
    return tf.ensure_shape(images, [None, *split.shape]), labels


def training_batches(data: Dataset, recipe: Recipe, first_epoch: int, share: Share = ALL) -> tf.data.Dataset:
    """(images float32 [N,S,S,C], labels float32 [N,K]) for every epoch from `first_epoch` on, without end.

    The order of an epoch depends on the seed and the epoch alone, and the changes to a batch on these, the step and the
    part: a resumed run sees what it would have seen.
    """
    split = data.train
    fill = "CONSTANT" if data.treatment == "digit" else "REFLECT"
    plain = recipe.augment == Augment() and not recipe.stages and split.shape[0] == recipe.data.size

    def batches() -> Iterator[tuple[NDArray[np.int64], int, np.int64]]:
        for epoch in count(first_epoch):
            drawn = _batches(np.random.default_rng((recipe.seed, epoch)), len(split), recipe.batch_size)
            for step, whole in enumerate(islice(drawn, steps_per_epoch(data, recipe))):
                for part in share.parts:
                    seed = np.random.SeedSequence((recipe.seed, epoch, step, part)).generate_state(1, np.uint64)
                    yield whole[part :: share.of], recipe.size_at(epoch), seed.view(np.int64)[0]

    def batch(rows: tf.Tensor, side: tf.Tensor, seed: tf.Tensor) -> Batch:
        images, labels = _gather(split, len(data.classes), rows)
        if plain:
            return tf.cast(images, tf.float32), labels
        with draws.seeded(seed):
            images, labels = augment(images, labels, side, recipe.augment, fill)
        return tf.ensure_shape(images, [None, None, None, split.shape[2]]), labels

    kinds = (tf.TensorSpec([None], tf.int64), tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.int64))
    rows = tf.data.Dataset.from_generator(batches, output_signature=kinds)
    endless = rows.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))
    return with_teacher_labels(endless.map(batch, num_parallel_calls=2), recipe).prefetch(2)


def steps_per_epoch(data: Dataset, recipe: Recipe) -> int:
    """Batches in an epoch: once through in whole batches, the smaller last one left out, or what the recipe says."""
    return recipe.steps or max(1, len(data.train) // recipe.batch_size)


def _batches(rng: np.random.Generator, count: int, batch_size: int) -> Iterator[NDArray[np.int64]]:
    """Rows of whole batches, through all images in one random order after another, without end."""
    size = min(batch_size, count)
    while True:
        order = rng.permutation(count)
        yield from (order[at : at + size] for at in range(0, count - size + 1, size))


def eval_batches(split: Split, classes: int, batch_size: int, share: Share = ALL) -> tf.data.Dataset:
    """(images float32 [N,H,W,C], labels float32 [N,K]), once through, in order, unchanged; N is `batch_size` at most.

    Every part of a share has the same number of batches.
    """
    rounds = -(-len(split) // (batch_size * share.of))
    whole = np.array_split(np.arange(len(split)), rounds * share.of)
    mine = [whole[turn * share.of + part] for turn in range(rounds) for part in share.parts]
    rows = tf.data.Dataset.from_generator(lambda: iter(mine), output_signature=tf.TensorSpec([None], tf.int64))

    def batch(which: tf.Tensor) -> Batch:
        images, labels = _gather(split, classes, which)
        return tf.cast(images, tf.float32), labels

    counted = rows.apply(tf.data.experimental.assert_cardinality(len(mine)))
    return counted.map(batch, num_parallel_calls=2).prefetch(2)


def resized(split: Split, side: int, most: int) -> Iterator[tf.Tensor]:
    """float32 [K,side,side,C], in order: `some` of the split's images, in pieces, at another size."""
    for images in chunks(split, evenly_spaced(split, most)):
        yield tf.image.resize(tf.cast(images, tf.float32), [side, side], antialias=True)


@contextmanager
def reraise_bad_image() -> Iterator[None]:
    """A picture that cannot be read, met inside a stream, is BadImage again and not an error of TensorFlow's."""
    try:
        yield
    except tf.errors.UnknownError as error:
        said = re.search(r"BadImage: (.+)", error.message)
        if said is None:
            raise
        raise BadImage(said[1]) from None
