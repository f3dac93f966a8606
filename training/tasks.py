"""What the commands do: train a recipe into a candidate, measure it, publish it."""

import keras

from training import curves, data, export, fit, optimise
from training.nets import classifier
from training.recipe import Recipe
from training.run import Run, opened


def load_data(recipe: Recipe, download: bool = False) -> data.Dataset:
    part = recipe.data
    return data.load(part.name, part.size, part.train_size or part.size, part.validation, download)


def train(recipe: Recipe, fresh: bool = False, download: bool = False) -> Run:
    """Train, or go on training, and leave a candidate servable with its test figures in the run's folder.

    Raises RecipeError, DataMissing.
    """
    dataset = load_data(recipe, download)
    run = opened(recipe, fresh)
    keras.utils.set_random_seed(recipe.seed)
    if recipe.net.kind == "gan":
        from training import fit_gan

        fit_gan.train(dataset, run)
        return run
    keras.mixed_precision.set_global_policy(recipe.precision)
    model = classifier(recipe, dataset.train.shape[2], len(dataset.classes))
    model.summary()
    model.compile(
        optimizer=optimise.optimiser(recipe.optimiser, len(dataset.train) // recipe.batch_size, recipe.epochs),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing),
        metrics=["accuracy"],
    )
    fit.fit(model, dataset, run)
    curves.draw(run)
    export.classifier(model, dataset, run)
    return run
