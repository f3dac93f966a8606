from dataclasses import replace

import numpy as np

from training import pipeline as tasks
from training.data.dataset import limit_images
from training.input.pipeline import steps_per_epoch, training_batches
from training.recipes.loading import load_recipe


def test_an_epoch_longer_than_the_data_repeats_it_in_a_new_order() -> None:
    recipe = load_recipe("digits8-cnn", ["steps=5", "batch_size=64", "epochs=1"])
    data = limit_images(tasks.load_data(recipe), 100)
    batches = list(training_batches(data, recipe, 0).take(5))
    assert steps_per_epoch(data, recipe) == 5 and [len(images) for images, _ in batches] == [64] * 5
    firsts = {images.numpy().tobytes() for images, _ in batches}
    assert len(firsts) == 5, "each pass must have its own order"


def test_a_batch_size_above_the_data_gives_all_images() -> None:
    recipe = load_recipe("digits8-cnn", ["steps=2", "batch_size=5000", "epochs=1"])
    data = limit_images(tasks.load_data(recipe), 100)
    images, _ = next(iter(training_batches(data, recipe, 0)))
    assert np.array_equal(np.sort(images.numpy(), axis=0), np.sort(data.train.images(), axis=0).astype("float32"))


def test_limit_images_keeps_that_many_images_of_each_split() -> None:
    data = tasks.load_data(load_recipe("digits8-cnn"))
    small = limit_images(data, 100)
    for name in ("train", "validation", "test"):
        assert set(getattr(small, name).rows) <= set(getattr(data, name).rows) and len(getattr(small, name)) == 100
    assert replace(small, train=data.train).train is data.train
