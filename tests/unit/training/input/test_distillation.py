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


def _teacher(folder: Path, says: int) -> None:
    """A net that reads every image as that digit, if it is told of pixels as the service tells them."""

    @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 1], tf.uint8, "images")])
    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": tf.one_hot(tf.fill([tf.shape(images)[0]], says), 10)}

    tf.saved_model.save(tf.Module(), str(folder), signatures={"serving_default": serve})


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.chdir(tmp_path)
    return limit_images(tasks.load_data(load_recipe("digits8-cnn")), 100)


def _plan(*options: str) -> Recipe:
    return load_recipe("digits8-cnn", ["batch_size=20", *options])


def _labels(data: Dataset, plan: Recipe) -> np.ndarray:
    return next(iter(training_batches(data, plan, 0)))[1].numpy()


def test_labels_are_in_part_what_the_teachers_say_on_average(data: Dataset) -> None:
    _teacher(Path("runs/first/candidate"), 3)
    _teacher(Path("runs/second/candidate"), 5)
    plain = _labels(data, _plan())
    told = _labels(data, _plan('teachers=["first", "second"]', "lesson=0.6"))
    said = np.zeros(10)
    said[[3, 5]] = 0.3
    np.testing.assert_allclose(told, 0.4 * plain + said, atol=1e-6)


def test_a_recipe_whose_teacher_is_not_there_says_what_to_train_first(data: Dataset) -> None:
    with pytest.raises(RecipeError, match=r"'digits8-cnn' learns from 'nobody'.*train that first"):
        training_batches(data, _plan('teachers=["nobody"]'), 0)
