"""A search over optimiser, learning rate and batch size with Optuna. Poor trials are pruned, and an interrupted search
resumes from its SQLite file.
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
BATCH_SIZES = (32, 64, 128, 256)


def build_optimiser_overrides(optimiser: str) -> list[str]:
    """The overrides that make a recipe use that optimiser with its usual settings."""
    if optimiser in ("momentum", "nesterov"):
        nesterov = str(optimiser == "nesterov").lower()
        return ["optimiser.name=sgd", "optimiser.momentum=0.9", f"optimiser.nesterov={nesterov}"]
    return [f"optimiser.name={optimiser}", "optimiser.momentum=0.0"]


def build_overrides(params: dict[str, Any]) -> list[str]:
    """The overrides that give a recipe a trial's parameters."""
    rate, batch_size = params["learning_rate"], params["batch_size"]
    optimiser = build_optimiser_overrides(params["optimiser"])
    return [*optimiser, f"optimiser.learning_rate={rate}", f"batch_size={batch_size}"]


class _PruningCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Reports the validation accuracy of each epoch to Optuna, and ends the trial if Optuna prunes it."""

    def __init__(self, trial: optuna.Trial) -> None:
        super().__init__()
        self._trial = trial

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._trial.report((logs or {})["val_accuracy"], epoch)
        if self._trial.should_prune():
            raise optuna.TrialPruned


def _build_objective(base: Recipe, data: Dataset) -> Callable[[optuna.Trial], float]:
    def objective(trial: optuna.Trial) -> float:
        trial.suggest_categorical("optimiser", OPTIMISERS)
        trial.suggest_float("learning_rate", 1e-4, 1.0, log=True)
        trial.suggest_categorical("batch_size", BATCH_SIZES)
        recipe = with_overrides(base, f"{base.name}, trial {trial.number}", build_overrides(trial.params))
        keras.utils.set_random_seed(recipe.seed)
        history = compile_model(recipe, data).fit(
            training_batches(data, recipe, first_epoch=0),
            validation_data=eval_batches(data.validation, len(data.classes), 256),
            epochs=recipe.epochs,
            steps_per_epoch=steps_per_epoch(data, recipe),
            callbacks=[_PruningCallback(trial)],
            shuffle=False,
            verbose=0,
        )
        return float(history.history["val_accuracy"][-1])

    return objective


def search(base: Recipe, data: Dataset, storage: Path, trials: int) -> optuna.Study:
    """Searches until `trials` trials are complete or pruned, with those of earlier, interrupted calls, in `storage`.

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
    for interrupted in study.get_trials(states=[TrialState.RUNNING]):
        study.tell(interrupted.number, state=TrialState.FAIL)
    finished = len(study.get_trials(states=[TrialState.COMPLETE, TrialState.PRUNED]))
    study.optimize(_build_objective(base, data), n_trials=max(0, trials - finished))
    return study
