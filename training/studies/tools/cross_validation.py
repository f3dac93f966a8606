"""k-fold cross-validation: every training image is held out once. The spread of the folds shows how much is chance."""

from dataclasses import replace

import keras
import numpy as np
from sklearn.model_selection import KFold

from training.data import Dataset
from training.fit.compile import compile_model
from training.input.pipeline import eval_batches, steps_per_epoch, training_batches
from training.recipes.schema import Recipe


def split_folds(data: Dataset, count: int, seed: int) -> list[Dataset]:
    """The training images in `count` equal parts: each part is the validation split once, the others train."""
    folds = KFold(count, shuffle=True, random_state=seed).split(np.arange(len(data.train)))
    return [
        replace(data, train=data.train.select(train), validation=data.train.select(validation))
        for train, validation in folds
    ]


def train_and_validate(recipe: Recipe, data: Dataset) -> float:
    """Validation accuracy of the recipe's net after its last epoch; the net is not saved."""
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
