"""Mixup and CutMix: training images and labels combined in pairs, one batch at a time."""

import tensorflow as tf

from training.input.stateless_random import uniform


def mixup(images: tf.Tensor, labels: tf.Tensor, share: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Blends that share of the batches with their own reverse, labels too (Zhang et al. 2018, mixup)."""
    weight = tf.where(uniform([]) < share, uniform([], 0.5, 1.0), 1.0)
    return weight * images + (1 - weight) * images[::-1], weight * labels + (1 - weight) * labels[::-1]


def cutmix(images: tf.Tensor, labels: tf.Tensor, share: float) -> tuple[tf.Tensor, tf.Tensor]:
    """In that share of the batches, each image gets one box of the image at its place in the reversed batch.

    Labels are mixed by the area of the box.

    Yun et al. 2019, CutMix.
    """
    side = tf.shape(images)[1]
    length = tf.sqrt(tf.where(uniform([]) < share, uniform([], 0.0, 0.5), 0.0))
    box = tf.cast(length * tf.cast(side, tf.float32), tf.int32)

    def random_span() -> tf.Tensor:
        start = uniform([], 0, side - box + 1, tf.int32)
        return (tf.range(side) >= start) & (tf.range(side) < start + box)

    mask = (random_span()[:, None] & random_span()[None, :])[None, :, :, None]
    area = tf.square(tf.cast(box, tf.float32) / tf.cast(side, tf.float32))
    return tf.where(mask, images[::-1], images), (1 - area) * labels + area * labels[::-1]
