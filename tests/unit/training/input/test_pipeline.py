from dataclasses import replace

import numpy as np

from training import pipeline as tasks
from training.data.dataset import limit_images
from training.input.pipeline import steps_per_epoch, training_batches
from training.recipes.loading import load_recipe


def test_an_epoch_of_more_steps_than_images_goes_through_them_again() -> None:
    plan = load_recipe("digits8-cnn", ["steps=5", "batch_size=64", "epochs=1"])
    data = limit_images(tasks.load_data(plan), 100)
    batches = list(training_batches(data, plan, 0).take(5))
    assert steps_per_epoch(data, plan) == 5 and [len(images) for images, _ in batches] == [64] * 5
    firsts = {images.numpy().tobytes() for images, _ in batches}
    assert len(firsts) == 5, "each pass has an order of its own"


def test_a_batch_larger_than_the_data_is_all_of_it() -> None:
    plan = load_recipe("digits8-cnn", ["steps=2", "batch_size=5000", "epochs=1"])
    data = limit_images(tasks.load_data(plan), 100)
    images, _ = next(iter(training_batches(data, plan, 0)))
    assert np.array_equal(np.sort(images.numpy(), axis=0), np.sort(data.train.images(), axis=0).astype("float32"))


def test_a_quick_look_takes_that_many_images_of_every_split_and_no_others() -> None:
    data = tasks.load_data(load_recipe("digits8-cnn"))
    small = limit_images(data, 100)
    for name in ("train", "validation", "test"):
        assert set(getattr(small, name).rows) <= set(getattr(data, name).rows) and len(getattr(small, name)) == 100
    assert replace(small, train=data.train).train is data.train
