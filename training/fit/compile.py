"""What training makes small: a loss over logits, as a recipe names it."""

from typing import Any

import keras

from training.recipes.loading import Recipe


class SquaredError(keras.losses.Loss):  # type: ignore[misc]
    """Mean squared error of the softmax of logits, a regression of probabilities; labels may be smoothed."""

    def __init__(self, label_smoothing: float = 0.0) -> None:
        super().__init__(name="mean_squared_error")
        self._smoothing = label_smoothing

    def call(self, labels: Any, logits: Any) -> Any:
        labels = labels * (1 - self._smoothing) + self._smoothing / labels.shape[-1]
        return keras.ops.mean(keras.ops.square(keras.ops.softmax(logits) - labels), axis=-1)


def loss(recipe: Recipe) -> keras.losses.Loss:
    if recipe.loss == "mean_squared_error":
        return SquaredError(recipe.label_smoothing)
    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing)
