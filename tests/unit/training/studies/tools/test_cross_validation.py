import numpy as np

from training import pipeline
from training.recipes.loading import load_recipe
from training.studies.tools.cross_validation import split_folds


def test_every_training_image_is_held_out_once_and_never_in_its_own_training() -> None:
    data = pipeline.load_data(load_recipe("digits8-cnn"))
    folds = split_folds(data, 5, seed=1)
    held_out = np.concatenate([fold.validation.rows for fold in folds])
    assert sorted(held_out) == sorted(data.train.rows)
    for fold in folds:
        assert not set(fold.validation.rows) & set(fold.train.rows)
        assert len(fold.train) + len(fold.validation) == len(data.train)
