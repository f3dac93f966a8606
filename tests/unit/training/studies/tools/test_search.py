from pathlib import Path

import optuna
import pytest

from training import pipeline
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
    return pipeline.load_data(base)


def test_an_interrupted_search_resumes_from_its_file(base: Recipe, data: Dataset, tmp_path: Path) -> None:
    storage = tmp_path / "search.sqlite3"
    first = search.search(base, data, storage, trials=2)
    first.ask()  # a trial that an interrupted process never finished
    resumed = search.search(base, data, storage, trials=4)
    finished = [trial for trial in resumed.trials if trial.state.name in ("COMPLETE", "PRUNED")]
    assert len(finished) == 4
    assert [trial.params for trial in finished[:2]] == [trial.params for trial in first.trials[:2]]
    assert not [trial for trial in resumed.trials if trial.state.name == "RUNNING"]
    assert len(search.search(base, data, storage, trials=4).trials) == len(resumed.trials)


def test_a_trial_below_the_median_is_pruned(base: Recipe, data: Dataset, tmp_path: Path) -> None:
    storage = tmp_path / "search.sqlite3"
    study = optuna.create_study(
        storage=f"sqlite:///{storage}", study_name=base.name, direction="maximize", load_if_exists=True
    )
    for _ in range(4):  # perfect trials: the next one is worse than their median
        study.add_trial(
            optuna.trial.create_trial(
                value=1.0,
                params={"optimiser": "sgd", "learning_rate": 0.1, "batch_size": 32},
                distributions={
                    "optimiser": optuna.distributions.CategoricalDistribution(search.OPTIMISERS),
                    "learning_rate": optuna.distributions.FloatDistribution(1e-4, 1.0, log=True),
                    "batch_size": optuna.distributions.CategoricalDistribution(search.BATCH_SIZES),
                },
                intermediate_values={0: 1.0, 1: 1.0},
            )
        )
    last = search.search(base, data, storage, trials=5).trials[-1]
    assert last.state.name == "PRUNED" and list(last.intermediate_values) == [0]


def test_parameters_become_overrides_of_the_recipe(base: Recipe) -> None:
    params = {"optimiser": "nesterov", "learning_rate": 0.25, "batch_size": 64}
    changed = with_overrides(base, "another", search.build_overrides(params))
    assert changed.optimiser.nesterov and changed.optimiser.momentum == 0.9
    assert (changed.optimiser.learning_rate, changed.batch_size, changed.name) == (0.25, 64, "another")
