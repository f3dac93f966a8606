"""Adaptive sharpness-aware minimisation: training steps that prefer flat minima, which generalise better.

The gradient is not taken at the weights but a little uphill from them (Foret et al. 2020, SAM), each weight moved in
proportion to its size (Kwon et al. 2021, ASAM). The uphill direction is computed on half of the batch, for half the
cost.
"""

from typing import Any

import keras
import tensorflow as tf


class SamModel(keras.Model):  # type: ignore[misc]
    """A functional model with such training steps; `rho` is the distance of the uphill move.

    BatchNorm statistics and dropout masks are those of the first pass, at the weights. With several devices, each one
    computes its own uphill move on its part of the batch.
    """

    rho = 0.5

    def train_step(self, data: Any) -> dict[str, Any]:
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        devices = tf.distribute.get_strategy().num_replicas_in_sync  # Keras divides the loss by it
        half = (tf.shape(images)[0] + 1) // 2
        moved = self._move_uphill(images[:half], labels[:half])
        with tf.GradientTape() as tape:
            tape.watch(moved)
            logits, _, penalties = self.stateless_call(
                moved, self.non_trainable_variables, images, training=True, return_losses=True
            )
            loss = self.compute_loss(y=labels, y_pred=logits)  # its penalties are those of the unmoved weights
            total = self.optimizer.scale_loss(loss + sum(penalties) / devices)
        self.optimizer.apply_gradients(zip(tape.gradient(total, moved), self.trainable_variables, strict=True))
        self.metrics[0].update_state(loss * devices, sample_weight=tf.shape(images)[0])
        metrics: dict[str, Any] = self.compute_metrics(images, labels, logits)
        return metrics

    def _move_uphill(self, images: tf.Tensor, labels: tf.Tensor) -> list[tf.Tensor]:
        """The trainable weights, moved to where the loss of these images is higher."""
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=labels, y_pred=self(images, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        weights = [tf.identity(variable.value) for variable in self.trainable_variables]
        steps = [
            tf.abs(weight) * tf.cast(gradient, weight.dtype)
            for weight, gradient in zip(weights, gradients, strict=True)
        ]
        scale = self.rho / (tf.linalg.global_norm(steps) + 1e-12)
        return [weight + tf.abs(weight) * step * scale for weight, step in zip(weights, steps, strict=True)]
