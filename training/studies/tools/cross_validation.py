"""k-fold cross-validation: every training image is held out once, and a figure a fold shows how far luck reaches."""

from dataclasses import replace

import keras
import numpy as np
from sklearn.model_selection import KFold

from training.data import Dataset
from training.fit.compile import compile_model
from training.input.pipeline import eval_batches, steps_per_epoch, training_batches
from training.recipes.schema import Recipe


def folds(data: Dataset, count: int, seed: int) -> list[Dataset]:
    """The training images cut into `count` equal parts: each is the validation split once, the others train."""
    cut = KFold(count, shuffle=True, random_state=seed).split(np.arange(len(data.train)))
    return [replace(data, train=data.train.select(rest), validation=data.train.select(held)) for rest, held in cut]


def accuracy(recipe: Recipe, data: Dataset) -> float:
    """Of the recipe's net on the validation split after its last epoch; nothing is kept."""
    keras.utils.set_random_seed(recipe.seed)
    model = compile_model(recipe, data)
    model.fit(
        training_batches(data, recipe, first_epoch=0),
        epochs=recipe.epochs,
        steps_per_epoch=steps_per_epoch(data, recipe),
        shuffle=False,
        verbose=0,
    )
    return float(model.evaluate(eval_batches(data.validation, len(data.classes), 256), verbose=0)[1])
