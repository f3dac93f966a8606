import numpy as np

from training import pipeline as tasks
from training.recipes.loading import load_recipe
from training.studies.tools import cross_validation as folds


def test_every_training_image_is_held_out_once_and_never_in_its_own_training() -> None:
    data = tasks.load_data(load_recipe("digits8-cnn"))
    parts = folds.folds(data, 5, seed=1)
    held = np.concatenate([fold.validation.rows for fold in parts])
    assert sorted(held) == sorted(data.train.rows)
    for fold in parts:
        assert not set(fold.validation.rows) & set(fold.train.rows)
        assert len(fold.train) + len(fold.validation) == len(data.train)
