"""A search over optimiser, learning rate and batch size with Optuna: poor trials are cut short, and an interrupted
search goes on from its SQLite file.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import optuna
from optuna.trial import TrialState

from training.data import Dataset
from training.fit.compile import compile_model
from training.input.pipeline import eval_batches, steps_per_epoch, training_batches
from training.recipes.loading import with_overrides
from training.recipes.schema import Recipe

OPTIMISERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")
BATCHES = (32, 64, 128, 256)


def changes(optimiser: str) -> list[str]:
    """The overrides that make a recipe use that optimiser, at its usual settings."""
    if optimiser in ("momentum", "nesterov"):
        nesterov = str(optimiser == "nesterov").lower()
        return ["optimiser.name=sgd", "optimiser.momentum=0.9", f"optimiser.nesterov={nesterov}"]
    return [f"optimiser.name={optimiser}", "optimiser.momentum=0.0"]


def overrides(chosen: dict[str, Any]) -> list[str]:
    """What a trial's parameters mean for a recipe."""
    rate, batch = chosen["learning_rate"], chosen["batch_size"]
    return [*changes(chosen["optimiser"]), f"optimiser.learning_rate={rate}", f"batch_size={batch}"]


class _Report(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells Optuna the validation accuracy after each epoch, and ends a trial that does worse than most."""

    def __init__(self, trial: optuna.Trial) -> None:
        super().__init__()
        self._trial = trial

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._trial.report((logs or {})["val_accuracy"], epoch)
        if self._trial.should_prune():
            raise optuna.TrialPruned


def _objective(base: Recipe, data: Dataset) -> Callable[[optuna.Trial], float]:
    def objective(trial: optuna.Trial) -> float:
        trial.suggest_categorical("optimiser", OPTIMISERS)
        trial.suggest_float("learning_rate", 1e-4, 1.0, log=True)
        trial.suggest_categorical("batch_size", BATCHES)
        recipe = with_overrides(base, f"{base.name}, trial {trial.number}", overrides(trial.params))
        keras.utils.set_random_seed(recipe.seed)
        history = compile_model(recipe, data).fit(
            training_batches(data, recipe, first_epoch=0),
            validation_data=eval_batches(data.validation, len(data.classes), 256),
            epochs=recipe.epochs,
            steps_per_epoch=steps_per_epoch(data, recipe),
            callbacks=[_Report(trial)],
            shuffle=False,
            verbose=0,
        )
        return float(history.history["val_accuracy"][-1])

    return objective


def search(base: Recipe, data: Dataset, storage: Path, trials: int) -> optuna.Study:
    """The study after `trials` ended trials, those of an earlier, interrupted call among them.

    Candidates come from a tree-structured Parzen estimator (Bergstra et al. 2011); a trial whose validation accuracy
    is below the median of the earlier ones at the same epoch is pruned.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=f"sqlite:///{storage}",
        study_name=base.name,
        load_if_exists=True,
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=base.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4),
    )
    for cut_off in study.get_trials(states=[TrialState.RUNNING]):
        study.tell(cut_off.number, state=TrialState.FAIL)
    ended = len(study.get_trials(states=[TrialState.COMPLETE, TrialState.PRUNED]))
    study.optimize(_objective(base, data), n_trials=max(0, trials - ended))
    return study
