"""The stream of batches: what is in it depends on the recipe, not on who takes which part, nor on when."""

import numpy as np
import pytest
import tensorflow as tf

from service.errors import BadImage
from training.data.dataset import Dataset, whole
from training.input import stateless_random as draws
from training.input.pipeline import Share, eval_batches, reraise_bad_image, steps_per_epoch, training_batches
from training.recipes.schema import Augment, Data, Net, Optimiser, Recipe

Taken = list[tuple[np.ndarray, np.ndarray]]


def _data(count: int = 20) -> Dataset:
    images = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)
    split = whole(images, np.arange(count) % 10)
    return Dataset("made", tuple("0123456789"), "digit", split, split, split)


def _recipe(**changes: object) -> Recipe:
    return Recipe(
        name="made",
        about="",
        publishes="made",
        data=Data(name="digits8", size=8),
        net=Net(kind="mlp", widths=[]),
        optimiser=Optimiser(name="sgd", learning_rate=0.1),
        epochs=3,
        batch_size=8,
        **changes,
    )


def _take(stream: tf.data.Dataset, count: int) -> Taken:
    return [(images.numpy(), labels.numpy()) for images, labels in stream.take(count)]


def _same(one: Taken, other: Taken) -> bool:
    pairs = zip(one, other, strict=True)
    return all((a == c).all() and (b == d).all() for (a, b), (c, d) in pairs)


CHANGED = _recipe(augment=Augment(rotation=20, shift=0.1, brightness=0.3, elastic=0.02, mixup=0.5, cutmix=0.5))


def test_a_resumed_stream_goes_on_as_the_whole_one_would_have() -> None:
    data = _data()
    per_epoch = steps_per_epoch(data, CHANGED)
    straight = _take(training_batches(data, CHANGED, 0), 3 * per_epoch)
    assert _same(straight, _take(training_batches(data, CHANGED, 0), 3 * per_epoch))
    assert _same(straight[per_epoch:], _take(training_batches(data, CHANGED, 1), 2 * per_epoch))
    assert not _same(straight[:per_epoch], straight[per_epoch : 2 * per_epoch])


def test_another_seed_is_another_stream() -> None:
    again = CHANGED.model_copy(update={"seed": 2})
    assert not _same(_take(training_batches(_data(), CHANGED, 0), 2), _take(training_batches(_data(), again, 0), 2))


def test_parts_of_a_batch_together_are_the_batch() -> None:
    data, plain = _data(), _recipe()
    one_by_one = _take(training_batches(data, plain, 0), 4)
    shares = [Share(range(0, 2), 4), Share(range(2, 4), 4)]  # two processes of two devices
    parts = [_take(training_batches(data, plain, 0, share), 8) for share in shares]
    for step, (images, _) in enumerate(one_by_one):
        mine = [each for taken in parts for each, _ in taken[2 * step : 2 * step + 2]]
        assert [len(each) for each in mine] == [2, 2, 2, 2]
        assert sorted(map(bytes, np.concatenate(mine))) == sorted(map(bytes, images))


@pytest.mark.parametrize("devices", [1, 2, 3])
def test_every_image_is_validated_once_in_as_many_batches_each(devices: int) -> None:
    split = _data(23).validation
    taken = [list(eval_batches(split, 10, 4, Share(range(part, part + 1), devices))) for part in range(devices)]
    assert len({len(batches) for batches in taken}) == 1
    images = np.concatenate([images for batches in taken for images, _ in batches])
    assert sorted(map(bytes, images.astype(np.uint8))) == sorted(map(bytes, split.images()))


def test_draws_of_one_seed_are_the_same_and_of_each_call_others() -> None:
    def twice(seed: int) -> tuple[np.ndarray, np.ndarray]:
        with draws.seeded(tf.constant(seed, tf.int64)):
            return draws.uniform([5], -1.0, 1.0).numpy(), draws.uniform([5], -1.0, 1.0).numpy()

    assert (twice(3)[0] == twice(3)[0]).all() and (twice(3)[1] == twice(3)[1]).all()
    assert (twice(3)[0] != twice(3)[1]).any() and (twice(3)[0] != twice(4)[0]).any()


def test_a_picture_that_cannot_be_read_is_named_through_the_stream() -> None:
    class Broken:
        shape = (20, 8, 8, 1)

        def __getitem__(self, rows: np.ndarray, /) -> np.ndarray:
            raise BadImage("cat/7.jpg cannot be read")

    data = _data()
    split = type(data.train)(Broken(), data.train.rows, data.train.labels)
    with pytest.raises(BadImage, match=r"^cat/7\.jpg cannot be read$"), reraise_bad_image():
        list(eval_batches(split, 10, 4))
