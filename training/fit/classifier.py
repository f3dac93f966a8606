"""Fitting a net: the part that is the same for every recipe. Interrupted, it goes on from the last whole epoch."""

import sys

import keras

from training.data import Dataset
from training.fit import distributed as fit_distributed
from training.fit.checkpoint import Checkpoint
from training.fit.early_stopping import Patience
from training.fit.model_ema import Average
from training.fit.strategy import ALONE, Team
from training.input.pipeline import eval_batches, reraise_bad_image, steps_per_epoch, training_batches
from training.recipes.schema import Recipe
from training.run import Run, exhausted


def loggers(run: Run) -> list[keras.callbacks.Callback]:
    """A row an epoch in history.csv, and everything for TensorBoard."""
    return [
        keras.callbacks.CSVLogger(str(run.history), append=True),
        keras.callbacks.TensorBoard(str(run.folder / "tensorboard"), write_graph=True),
    ]


def verbosity() -> int:
    """A progress bar for a person, a line an epoch for a file."""
    return 1 if sys.stdout.isatty() else 2


def _best_so_far(run: Run, done: int) -> float | None:
    return max((row["val_accuracy"] for row in run.rows()[:done]), default=None)


def _keep_best(run: Run, done: int) -> keras.callbacks.Callback:
    """Keeps the best epoch's weights; of averaged ones the last, as what tells those apart is chance."""
    return keras.callbacks.ModelCheckpoint(
        str(run.best),
        monitor="val_accuracy",
        mode="max",
        save_best_only=not run.recipe.ema,
        save_weights_only=True,
        initial_value_threshold=_best_so_far(run, done),
    )


def fit(model: keras.Model, data: Dataset, run: Run, team: Team = ALONE) -> None:
    """Train the compiled classifier to the recipe's last epoch; the chief ends with the weights of the best epoch.

    Best is highest accuracy on the validation split, or last where weights are averaged. Raises BadImage for a picture
    that cannot be read.
    """
    recipe = run.recipe
    with team.scope():
        model.optimizer.build(model.trainable_variables)
        average = Average(model, recipe.ema) if recipe.ema else None
    averaged = {"average": [average.steps, *average.means]} if average else {}
    checkpoint = Checkpoint(run, model=model, optimizer=model.optimizer, **averaged)
    done = team.agreed(team.chief_first(lambda _: checkpoint.restore()))
    before = run.rows()[:done]
    if done < recipe.epochs and not exhausted(before, recipe.patience):
        callbacks = [Patience(before, recipe.patience)]
        if team.chief:
            callbacks += [_keep_best(run, done)]
        callbacks += [average] if average else []
        if team.chief:
            callbacks += [*loggers(run), checkpoint]
        with reraise_bad_image():
            if team.strategy:
                fit_distributed.fit(model, data, recipe, team, done, callbacks, verbosity() if team.chief else 0)
            else:
                _fit_alone(model, data, recipe, done, callbacks)
    if team.chief:
        model.load_weights(str(run.best))


def _fit_alone(
    model: keras.Model, data: Dataset, recipe: Recipe, done: int, callbacks: list[keras.callbacks.Callback]
) -> None:
    model.fit(
        training_batches(data, recipe, first_epoch=done),
        validation_data=eval_batches(data.validation, len(data.classes), recipe.batch_size),
        epochs=recipe.epochs,
        initial_epoch=done,
        steps_per_epoch=steps_per_epoch(data, recipe),
        callbacks=callbacks,
        verbose=verbosity(),
    )
