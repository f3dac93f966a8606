from dataclasses import replace

import numpy as np

from training import pipeline as tasks
from training.data.dataset import limited
from training.input import pipeline as feed
from training.recipes import loading as recipe


def test_an_epoch_of_more_steps_than_images_goes_through_them_again() -> None:
    plan = recipe.load("digits8-cnn", ["steps=5", "batch_size=64", "epochs=1"])
    data = limited(tasks.load_data(plan), 100)
    batches = list(feed.training(data, plan, 0).take(5))
    assert feed.steps(data, plan) == 5 and [len(images) for images, _ in batches] == [64] * 5
    firsts = {images.numpy().tobytes() for images, _ in batches}
    assert len(firsts) == 5, "each pass has an order of its own"


def test_a_batch_larger_than_the_data_is_all_of_it() -> None:
    plan = recipe.load("digits8-cnn", ["steps=2", "batch_size=5000", "epochs=1"])
    data = limited(tasks.load_data(plan), 100)
    images, _ = next(iter(feed.training(data, plan, 0)))
    assert np.array_equal(np.sort(images.numpy(), axis=0), np.sort(data.train.images(), axis=0).astype("float32"))


def test_a_quick_look_takes_that_many_images_of_every_split_and_no_others() -> None:
    data = tasks.load_data(recipe.load("digits8-cnn"))
    small = limited(data, 100)
    for name in ("train", "validation", "test"):
        assert set(getattr(small, name).rows) <= set(getattr(data, name).rows) and len(getattr(small, name)) == 100
    assert replace(small, train=data.train).train is data.train
