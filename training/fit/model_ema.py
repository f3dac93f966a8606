"""The moving average of a net's weights, which is steadier than the weights (Polyak and Juditsky 1992)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras
import tensorflow as tf


def update_means(means: Sequence[tf.Variable], values: Sequence[tf.Variable], decay: float, steps: tf.Tensor) -> None:
    """Moves every mean towards its value, after `steps` steps (from 1). It moves faster in the first steps, when the
    means are still those of the random weights.
    """
    steps = tf.cast(steps, tf.float32)
    decay = tf.minimum(decay, steps / (9.0 + steps))
    for mean, value in zip(means, values, strict=True):
        mean.assign_add((1 - decay) * (value - mean))


class WeightAverage(keras.callbacks.Callback):  # type: ignore[misc]
    """Averages every weight after each step, the BatchNorm statistics too.

    From the start of an epoch's validation until this callback's `on_epoch_end`, the net's weights are the averages.
    So a callback that saves the best averages comes before this one in the list, and one that saves the weights
    themselves after it. Every worker of a team needs this callback, because reading a weight may need all workers.
    `means` and `steps` belong in the checkpoint.
    """

    def __init__(self, model: keras.Model, decay: float) -> None:
        super().__init__()
        self._values = [weight.value for weight in model.weights]
        self.means = [tf.Variable(value, trainable=False) for value in self._values]
        self.steps = tf.Variable(0.0, trainable=False)
        self._decay = decay
        self._swapped = False

    @tf.function  # type: ignore[untyped-decorator]
    def update(self) -> None:
        self.steps.assign_add(1.0)
        update_means(self.means, self._values, self._decay, self.steps)

    @tf.function  # type: ignore[untyped-decorator]
    def _swap(self) -> None:
        for mean, value in zip(self.means, self._values, strict=True):
            before = tf.identity(value)
            value.assign(mean)
            mean.assign(before)

    @contextmanager
    def as_weights(self) -> Iterator[None]:
        """In this context, the net's weights are the averages."""
        self._swap()
        yield
        self._swap()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.update()

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        self._swap()
        self._swapped = True

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self._swapped:
            self._swap()
            self._swapped = False
