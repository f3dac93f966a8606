"""Trains a classifier. An interrupted run resumes from the last whole epoch."""

import keras

from training.data import Dataset
from training.fit.callbacks import build_best_checkpoint, build_loggers, verbosity
from training.fit.checkpoint import Checkpoint
from training.fit.distributed import fit_distributed
from training.fit.early_stopping import EarlyStopping, should_stop
from training.fit.model_ema import WeightAverage
from training.fit.strategy import ALONE, Team
from training.input.pipeline import eval_batches, reraise_bad_image, steps_per_epoch, training_batches
from training.recipes.schema import Recipe
from training.run import Run


def fit_classifier(model: keras.Model, data: Dataset, run: Run, team: Team = ALONE) -> None:
    """Trains the compiled classifier to the recipe's last epoch; the chief then loads the weights of the best epoch.

    The best epoch has the highest accuracy on the validation split; of averaged weights it is the last one. Raises
    BadImage for an image that cannot be read.
    """
    recipe = run.recipe
    with team.scope():
        model.optimizer.build(model.trainable_variables)
        average = WeightAverage(model, recipe.ema) if recipe.ema else None
    tracked = {"average": [average.steps, *average.means]} if average else {}
    checkpoint = Checkpoint(run, model=model, optimizer=model.optimizer, **tracked)
    epochs_done = team.require_same(team.chief_first(lambda _: checkpoint.restore()))
    rows = run.load_history()[:epochs_done]
    if epochs_done < recipe.epochs and not should_stop(rows, recipe.patience):
        # the order matters: see WeightAverage
        callbacks = [EarlyStopping(rows, recipe.patience)]
        if team.chief:
            callbacks += [build_best_checkpoint(run, epochs_done)]
        callbacks += [average] if average else []
        if team.chief:
            callbacks += [*build_loggers(run), checkpoint]
        with reraise_bad_image():
            if team.strategy:
                verbose = verbosity() if team.chief else 0
                fit_distributed(model, data, recipe, team, epochs_done, callbacks, verbose)
            else:
                _fit_alone(model, data, recipe, epochs_done, callbacks)
    if team.chief:
        model.load_weights(str(run.best_weights))


def _fit_alone(
    model: keras.Model, data: Dataset, recipe: Recipe, first_epoch: int, callbacks: list[keras.callbacks.Callback]
) -> None:
    model.fit(
        training_batches(data, recipe, first_epoch),
        validation_data=eval_batches(data.validation, len(data.classes), recipe.batch_size),
        epochs=recipe.epochs,
        initial_epoch=first_epoch,
        steps_per_epoch=steps_per_epoch(data, recipe),
        callbacks=callbacks,
        verbose=verbosity(),
    )
