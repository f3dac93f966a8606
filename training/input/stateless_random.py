"""Random numbers for augmentation that depend on a seed alone, so that a batch is changed the same way in every run.

TensorFlow's own `tf.random.uniform` goes on from call to call: what it gives depends on how threads interleave, and a
run that was resumed would see other numbers than one that was not.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count

import tensorflow as tf

_stream: ContextVar[Iterator[tf.Tensor] | None] = ContextVar("stream", default=None)


@contextmanager
def seeded(seed: tf.Tensor) -> Iterator[None]:
    """Inside, `uniform` and `normal` draw by this seed (int64, a scalar), every call from a stream of its own."""
    before = _stream.set(tf.stack([seed, tf.constant(call, tf.int64)]) for call in count())
    try:
        yield
    finally:
        _stream.reset(before)


def uniform(
    shape: Sequence[int | tf.Tensor], low: float = 0.0, high: float | tf.Tensor = 1.0, dtype: tf.DType = tf.float32
) -> tf.Tensor:
    """As `tf.random.uniform`: at least `low`, less than `high`. Outside `seeded`, it is that."""
    stream = _stream.get()
    if stream is None:
        return tf.random.uniform(shape, low, high, dtype)
    return tf.random.stateless_uniform(shape, next(stream), low, high, dtype)


def normal(shape: Sequence[int | tf.Tensor], spread: float | tf.Tensor = 1.0) -> tf.Tensor:
    """float32, about 0, with a standard deviation of `spread`. Outside `seeded`, as `tf.random.normal`."""
    stream = _stream.get()
    if stream is None:
        return tf.random.normal(shape, stddev=spread)
    return tf.random.stateless_normal(shape, next(stream), stddev=spread)
