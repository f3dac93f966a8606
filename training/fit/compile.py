"""Compiles the classifier of a recipe: net, initial weights, optimiser and loss."""

from pathlib import Path
from typing import Any

import keras

from training.data import Dataset
from training.fit.optimisers import build_optimiser
from training.fit.warm_start import init_from
from training.input.pipeline import steps_per_epoch
from training.model_store import find_servable
from training.nets.classifier import build_classifier
from training.recipes.loading import load_recipe
from training.recipes.schema import Recipe


class SquaredError(keras.losses.Loss):  # type: ignore[misc]
    """Mean squared error between the softmax of logits and the labels, which may be smoothed."""

    def __init__(self, label_smoothing: float = 0.0) -> None:
        super().__init__(name="mean_squared_error")
        self._smoothing = label_smoothing

    def call(self, labels: Any, logits: Any) -> Any:
        labels = labels * (1 - self._smoothing) + self._smoothing / labels.shape[-1]
        return keras.ops.mean(keras.ops.square(keras.ops.softmax(logits) - labels), axis=-1)


def build_loss(recipe: Recipe) -> keras.losses.Loss:
    if recipe.loss == "mean_squared_error":
        return SquaredError(recipe.label_smoothing)
    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing)


def compile_model(recipe: Recipe, data: Dataset) -> keras.Model:
    """The recipe's classifier before training.

    Raises PublishError if the model of `init_from` is not here, and RecipeError if its layers differ.
    """
    model = build_classifier(recipe, data.train.shape[2], len(data.classes))
    if recipe.init_from:
        init_from(model, find_init_servable(recipe))
    model.compile(
        optimizer=build_optimiser(recipe.optimiser, steps_per_epoch(data, recipe), recipe.epochs),
        loss=build_loss(recipe),
        metrics=["accuracy"],
    )
    return model


def find_init_servable(recipe: Recipe) -> Path:
    """The servable of `recipe.init_from`. Raises PublishError."""
    return find_servable(recipe.init_from, load_recipe(recipe.init_from).publishes)
