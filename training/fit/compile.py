"""What training makes small: a loss over logits, as a recipe names it."""

from pathlib import Path
from typing import Any

import keras

from training.data import Dataset
from training.fit.optimisers import optimiser
from training.fit.warm_start import begin
from training.input.pipeline import steps_per_epoch
from training.model_store import find_servable
from training.nets import classifier
from training.recipes.loading import load_recipe
from training.recipes.schema import Recipe


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


def compile_model(recipe: Recipe, dataset: Dataset) -> keras.Model:
    """The recipe's classifier with its optimiser and loss, as it begins. Raises PublishError where it cannot."""
    model = classifier(recipe, dataset.train.shape[2], len(dataset.classes))
    if recipe.begin:
        begin(model, beginning(recipe))
    model.compile(
        optimizer=optimiser(recipe.optimiser, steps_per_epoch(dataset, recipe), recipe.epochs),
        loss=loss(recipe),
        metrics=["accuracy"],
    )
    return model


def beginning(recipe: Recipe) -> Path:
    return find_servable(recipe.begin, load_recipe(recipe.begin).publishes)
