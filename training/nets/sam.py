"""Steps that look for flat minima, which hold better on new images: adaptive sharpness-aware minimisation.

The gradient is taken not where the weights are but a little uphill of it (Foret et al. 2020, SAM), each weight moved in
proportion to its size (Kwon et al. 2021, ASAM). The way uphill is asked of half the batch, which costs half as much.
"""

from typing import Any

import keras
import tensorflow as tf


class Sharpness(keras.Model):  # type: ignore[misc]
    """A functional net that trains so; `radius` is how far uphill it looks.

    What batch norms and dropouts keep is that of the first look, where the weights are. Of several devices each goes
    its own way uphill, on its part of the batch.
    """

    radius = 0.5

    def train_step(self, data: Any) -> dict[str, Any]:
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        devices = tf.distribute.get_strategy().num_replicas_in_sync  # Keras divides what is lost by them
        some = (tf.shape(images)[0] + 1) // 2
        moved = self._uphill(images[:some], labels[:some])
        with tf.GradientTape() as tape:
            tape.watch(moved)
            logits, _, penalties = self.stateless_call(
                moved, self.non_trainable_variables, images, training=True, return_losses=True
            )
            lost = self.compute_loss(y=labels, y_pred=logits)  # its penalties are of the weights where they are
            there = self.optimizer.scale_loss(lost + sum(penalties) / devices)
        self.optimizer.apply_gradients(zip(tape.gradient(there, moved), self.trainable_variables, strict=True))
        self.metrics[0].update_state(lost * devices, sample_weight=tf.shape(images)[0])
        figures: dict[str, Any] = self.compute_metrics(images, labels, logits)
        return figures

    def _uphill(self, images: tf.Tensor, labels: tf.Tensor) -> list[tf.Tensor]:
        """The trainable weights, moved to where these images lose more."""
        with tf.GradientTape() as tape:
            lost = self.compute_loss(y=labels, y_pred=self(images, training=True))
        slopes = tape.gradient(lost, self.trainable_variables)
        weights = [tf.identity(variable.value) for variable in self.trainable_variables]
        steps = [tf.abs(each) * tf.cast(slope, each.dtype) for each, slope in zip(weights, slopes, strict=True)]
        scale = self.radius / (tf.linalg.global_norm(steps) + 1e-12)
        return [each + tf.abs(each) * step * scale for each, step in zip(weights, steps, strict=True)]
