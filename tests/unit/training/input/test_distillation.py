from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from training import pipeline as tasks
from training.data.dataset import Dataset, limit_images
from training.errors import RecipeError
from training.input.pipeline import training_batches
from training.recipes.loading import load_recipe
from training.recipes.schema import Recipe


def _save_teacher(folder: Path, digit: int) -> None:
    """A net that predicts that digit for every image; its input is uint8, as the service sends it."""

    @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 1], tf.uint8, "images")])
    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": tf.one_hot(tf.fill([tf.shape(images)[0]], digit), 10)}

    tf.saved_model.save(tf.Module(), str(folder), signatures={"serving_default": serve})


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.chdir(tmp_path)
    return limit_images(tasks.load_data(load_recipe("digits8-cnn")), 100)


def _recipe(*options: str) -> Recipe:
    return load_recipe("digits8-cnn", ["batch_size=20", *options])


def _labels(data: Dataset, recipe: Recipe) -> np.ndarray:
    return next(iter(training_batches(data, recipe, 0)))[1].numpy()


def test_labels_are_mixed_with_the_mean_of_the_teachers_probabilities(data: Dataset) -> None:
    _save_teacher(Path("runs/first/candidate"), 3)
    _save_teacher(Path("runs/second/candidate"), 5)
    plain = _labels(data, _recipe())
    mixed = _labels(data, _recipe('teachers=["first", "second"]', "distill_weight=0.6"))
    predicted = np.zeros(10)
    predicted[[3, 5]] = 0.3
    np.testing.assert_allclose(mixed, 0.4 * plain + predicted, atol=1e-6)


def test_a_missing_teacher_is_named(data: Dataset) -> None:
    with pytest.raises(RecipeError, match=r"'digits8-cnn' learns from 'nobody'.*train that first"):
        training_batches(data, _recipe('teachers=["nobody"]'), 0)
