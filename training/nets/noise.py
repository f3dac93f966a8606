"""Normal noise from seeds, one stream per row: a seed gives the same noise in every batch, run and process.

The bits are SplitMix64's (Steele, Lea and Flood 2014, Fast splittable pseudorandom number generators), as those that
service.litert.noise makes in numpy. The normals are Box and Muller's. TensorFlow's own stateless generators take one
seed per tensor, not one per row.
"""

import math

import tensorflow as tf

from service.litert.noise import CHOICE_SHIFT, GAMMA, MIX_1, MIX_2, UNIFORM_SHIFT, make_steps


def _u64(value: int) -> tf.Tensor:
    return tf.constant(value, tf.uint64)


def _mix(x: tf.Tensor) -> tf.Tensor:
    x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, _u64(30))) * _u64(MIX_1)
    x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, _u64(27))) * _u64(MIX_2)
    return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, _u64(31)))


def _uniforms(seeds: tf.Tensor, count: int) -> tf.Tensor:
    """float32 [N,count] in the open interval (0, 1), from int64 [N]."""
    start = _mix(tf.bitcast(seeds, tf.uint64) + _u64(GAMMA))
    steps = tf.constant(make_steps(count))
    bits = tf.bitwise.right_shift(_mix(start[:, None] + steps), _u64(UNIFORM_SHIFT))
    return (tf.cast(tf.cast(bits, tf.int64), tf.float32) + 0.5) / float(1 << 24)


def normals(seeds: tf.Tensor, count: int) -> tf.Tensor:
    """float32 [N,count] of the standard normal distribution, from seeds int64 [N]."""
    half = (count + 1) // 2
    uniform = _uniforms(seeds, 2 * half)
    radius = tf.sqrt(-2.0 * tf.math.log(uniform[:, :half]))
    angle = 2.0 * math.pi * uniform[:, half:]
    return tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=1)[:, :count]


def choices(seeds: tf.Tensor, count: int) -> tf.Tensor:
    """int32 [N] in [0, count), from seeds int64 [N]."""
    bits = tf.bitwise.right_shift(_mix(tf.bitcast(seeds, tf.uint64) + _u64(MIX_2)), _u64(CHOICE_SHIFT))
    return tf.cast(tf.cast(bits, tf.int64) % count, tf.int32)
