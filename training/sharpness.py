"""Steps that look for flat minima, which hold better on new images: adaptive sharpness-aware minimisation.

The gradient is taken not where the weights are but a little uphill of it (Foret et al. 2020, SAM), each weight moved in
proportion to its size (Kwon et al. 2021, ASAM). The way uphill is asked of half the batch, which costs half as much.
"""

from typing import Any

import keras
import tensorflow as tf


class Sharpness(keras.Model):  # type: ignore[misc]
    """A functional net that trains so; `radius` is how far uphill it looks. On one device, as weights move for it."""

    radius = 0.5

    def train_step(self, data: Any) -> dict[str, Any]:
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        some = (tf.shape(images)[0] + 1) // 2
        uphill = self._uphill(images[:some], labels[:some])
        seen = [tf.identity(each.value) for each in self._statistics]
        for variable, step in zip(self.trainable_variables, uphill, strict=True):
            variable.assign_add(step)
        figures: dict[str, Any] = super().train_step(data)
        for variable, step in zip(self.trainable_variables, uphill, strict=True):
            variable.assign_sub(step)
        for each, value in zip(self._statistics, seen, strict=True):  # those of where the weights are
            each.assign(value)
        return figures

    @property
    def _statistics(self) -> list[keras.Variable]:
        """What batch norms have seen, and not how far dropouts have come in their random numbers."""
        return [each for each in self.non_trainable_variables if each.dtype.startswith("float")]

    def _uphill(self, images: tf.Tensor, labels: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=labels, y_pred=self(images, training=True))
        sizes = [tf.abs(each.value) for each in self.trainable_variables]
        slopes = [
            size * tf.cast(slope, size.dtype)
            for size, slope in zip(sizes, tape.gradient(loss, self.trainable_variables), strict=True)
        ]
        scale = self.radius / (tf.linalg.global_norm(slopes) + 1e-12)
        return [size * slope * scale for size, slope in zip(sizes, slopes, strict=True)]
