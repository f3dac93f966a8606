"""Random numbers that depend on a seed alone, so that a batch is augmented the same way in every run.

TensorFlow's own `tf.random.uniform` depends on how threads interleave, and a resumed run would get other numbers than
an uninterrupted one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count

import tensorflow as tf

_seeds: ContextVar[Iterator[tf.Tensor] | None] = ContextVar("seeds", default=None)


@contextmanager
def use_seed(seed: tf.Tensor) -> Iterator[None]:
    """In this context, `uniform` and `normal` draw by this seed (int64, a scalar); each call has its own stream."""
    token = _seeds.set(tf.stack([seed, tf.constant(call, tf.int64)]) for call in count())
    try:
        yield
    finally:
        _seeds.reset(token)


def uniform(
    shape: Sequence[int | tf.Tensor], low: float = 0.0, high: float | tf.Tensor = 1.0, dtype: tf.DType = tf.float32
) -> tf.Tensor:
    """In [low, high). Outside `use_seed`, the same as `tf.random.uniform`."""
    seeds = _seeds.get()
    if seeds is None:
        return tf.random.uniform(shape, low, high, dtype)
    return tf.random.stateless_uniform(shape, next(seeds), low, high, dtype)


def normal(shape: Sequence[int | tf.Tensor], stddev: float | tf.Tensor = 1.0) -> tf.Tensor:
    """float32, with mean 0. Outside `use_seed`, the same as `tf.random.normal`."""
    seeds = _seeds.get()
    if seeds is None:
        return tf.random.normal(shape, stddev=stddev)
    return tf.random.stateless_normal(shape, next(seeds), stddev=stddev)
