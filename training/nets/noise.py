"""Normal noise from seeds, one stream per row: a seed gives the same noise in every batch, run and process.

The bits are SplitMix64's (Steele, Lea and Flood 2014, Fast splittable pseudorandom number generators), the normals Box
and Muller's. TensorFlow's own stateless generators take one seed per tensor, not one per row.
"""

import math

import numpy as np
import tensorflow as tf

_GAMMA = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB


def _u64(value: int) -> tf.Tensor:
    return tf.constant(value, tf.uint64)


def _mix(x: tf.Tensor) -> tf.Tensor:
    x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, _u64(30))) * _u64(_MIX_1)
    x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, _u64(27))) * _u64(_MIX_2)
    return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, _u64(31)))


def _uniforms(seeds: tf.Tensor, count: int) -> tf.Tensor:
    """float32 [N,count] in the open interval (0, 1), from int64 [N]."""
    start = _mix(tf.bitcast(seeds, tf.uint64) + _u64(_GAMMA))
    # an array, because a graph stores a list of such numbers as doubles, which cannot hold them
    steps = tf.constant(np.array([(step * _GAMMA) % (1 << 64) for step in range(1, count + 1)], np.uint64))
    bits = tf.bitwise.right_shift(_mix(start[:, None] + steps), _u64(40))
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
    bits = tf.bitwise.right_shift(_mix(tf.bitcast(seeds, tf.uint64) + _u64(_MIX_2)), _u64(33))
    return tf.cast(tf.cast(bits, tf.int64) % count, tf.int32)
