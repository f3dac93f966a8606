from pathlib import Path

import optuna
import pytest

from training import pipeline as tasks
from training.data import Dataset
from training.recipes.loading import load_recipe, with_overrides
from training.recipes.schema import Recipe
from training.studies.tools import search


@pytest.fixture
def base() -> Recipe:
    small = ["epochs=2", "steps=4", "batch_size=32", "net.kind=mlp", "net.widths=[8]"]
    return load_recipe("digits8-cnn", small)


@pytest.fixture
def data(base: Recipe) -> Dataset:
    return tasks.load_data(base)


def test_an_interrupted_search_goes_on_from_its_file(base: Recipe, data: Dataset, tmp_path: Path) -> None:
    storage = tmp_path / "search.sqlite3"
    first = search.search(base, data, storage, trials=2)
    first.ask()  # a trial that a cut-off process never ended
    again = search.search(base, data, storage, trials=4)
    ended = [trial for trial in again.trials if trial.state.name in ("COMPLETE", "PRUNED")]
    assert len(ended) == 4 and [trial.params for trial in ended[:2]] == [trial.params for trial in first.trials[:2]]
    assert not [trial for trial in again.trials if trial.state.name == "RUNNING"]
    assert len(search.search(base, data, storage, trials=4).trials) == len(again.trials)


def test_a_trial_below_the_median_is_pruned(base: Recipe, data: Dataset, tmp_path: Path) -> None:
    storage = tmp_path / "search.sqlite3"
    before = optuna.create_study(
        storage=f"sqlite:///{storage}", study_name=base.name, direction="maximize", load_if_exists=True
    )
    for _ in range(4):  # perfect trials: whatever comes now is worse than the median
        before.add_trial(
            optuna.trial.create_trial(
                value=1.0,
                params={"optimiser": "sgd", "learning_rate": 0.1, "batch_size": 32},
                distributions={
                    "optimiser": optuna.distributions.CategoricalDistribution(search.OPTIMISERS),
                    "learning_rate": optuna.distributions.FloatDistribution(1e-4, 1.0, log=True),
                    "batch_size": optuna.distributions.CategoricalDistribution(search.BATCHES),
                },
                intermediate_values={0: 1.0, 1: 1.0},
            )
        )
    last = search.search(base, data, storage, trials=5).trials[-1]
    assert last.state.name == "PRUNED" and list(last.intermediate_values) == [0]


def test_parameters_become_overrides_of_the_recipe(base: Recipe) -> None:
    chosen = {"optimiser": "nesterov", "learning_rate": 0.25, "batch_size": 64}
    changed = with_overrides(base, "another", search.overrides(chosen))
    assert changed.optimiser.nesterov and changed.optimiser.momentum == 0.9
    assert (changed.optimiser.learning_rate, changed.batch_size, changed.name) == (0.25, 64, "another")
