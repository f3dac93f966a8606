"""The running average of a net's weights: steadier than the weights themselves (Polyak and Juditsky 1992)."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import tensorflow as tf


class Average(keras.callbacks.Callback):  # type: ignore[misc]
    """Averages every weight after each step, batch norms' statistics too.

    From the start of an epoch's validation until this callback sees the epoch's end, the net has the averages as its
    weights: what keeps the best of them comes before it in the list, what saves the weights themselves after it. Every
    worker of a team needs it, as reading a weight may take all of them. `means` and `steps` belong into the checkpoint.
    """

    def __init__(self, model: keras.Model, decay: float) -> None:
        super().__init__()
        self._values = [weight.value for weight in model.weights]
        self.means = [tf.Variable(value, trainable=False) for value in self._values]
        self.steps = tf.Variable(0.0, trainable=False)
        self._decay = decay
        self._judged = False

    @tf.function  # type: ignore[untyped-decorator]
    def _follow(self) -> None:
        self.steps.assign_add(1.0)
        decay = tf.minimum(self._decay, self.steps / (9.0 + self.steps))  # at first there is little to average
        for mean, value in zip(self.means, self._values, strict=True):
            mean.assign_add((1 - decay) * (value - mean))

    @tf.function  # type: ignore[untyped-decorator]
    def _exchange(self) -> None:
        for mean, value in zip(self.means, self._values, strict=True):
            before = tf.identity(value)
            value.assign(mean)
            mean.assign(before)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """While it lasts, the net has the averages as its weights."""
        self._exchange()
        yield
        self._exchange()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._follow()

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        self._exchange()
        self._judged = True

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self._judged:
            self._exchange()
            self._judged = False
