"""The stream of batches depends only on the recipe, not on shards or interruptions."""

import numpy as np
import pytest
import tensorflow as tf

from service.errors import BadImage
from training.data.dataset import Dataset, Split
from training.input import stateless_random
from training.input.pipeline import Shard, eval_batches, reraise_bad_image, steps_per_epoch, training_batches
from training.input.stateless_random import uniform
from training.recipes.data_schema import Digits8Data
from training.recipes.net_schema import MlpNet
from training.recipes.schema import Augment, Optimiser, Recipe

Batches = list[tuple[np.ndarray, np.ndarray]]


def _data(count: int = 20) -> Dataset:
    images = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)
    split = Split.of(images, np.arange(count) % 10)
    return Dataset("made", tuple("0123456789"), "digit", split, split, split)


def _recipe(**changes: object) -> Recipe:
    return Recipe(
        name="made",
        about="",
        publishes="made",
        data=Digits8Data(size=8),
        net=MlpNet(widths=[]),
        optimiser=Optimiser(name="sgd", learning_rate=0.1),
        epochs=3,
        batch_size=8,
        **changes,
    )


def _take(stream: tf.data.Dataset, count: int) -> Batches:
    return [(images.numpy(), labels.numpy()) for images, labels in stream.take(count)]


def _are_equal(one: Batches, other: Batches) -> bool:
    pairs = zip(one, other, strict=True)
    return all((a == c).all() and (b == d).all() for (a, b), (c, d) in pairs)


AUGMENTED = _recipe(augment=Augment(rotation=20, shift=0.1, brightness=0.3, elastic=0.02, mixup=0.5, cutmix=0.5))


def test_a_resumed_stream_equals_the_rest_of_an_uninterrupted_one() -> None:
    data = _data()
    per_epoch = steps_per_epoch(data, AUGMENTED)
    uninterrupted = _take(training_batches(data, AUGMENTED, 0), 3 * per_epoch)
    assert _are_equal(uninterrupted, _take(training_batches(data, AUGMENTED, 0), 3 * per_epoch))
    assert _are_equal(uninterrupted[per_epoch:], _take(training_batches(data, AUGMENTED, 1), 2 * per_epoch))
    assert not _are_equal(uninterrupted[:per_epoch], uninterrupted[per_epoch : 2 * per_epoch])


def test_another_seed_gives_another_stream() -> None:
    again = AUGMENTED.model_copy(update={"seed": 2})
    assert not _are_equal(
        _take(training_batches(_data(), AUGMENTED, 0), 2), _take(training_batches(_data(), again, 0), 2)
    )


def test_the_shards_of_a_batch_add_up_to_the_batch() -> None:
    data, plain = _data(), _recipe()
    one_by_one = _take(training_batches(data, plain, 0), 4)
    shards = [Shard(range(0, 2), 4), Shard(range(2, 4), 4)]  # two processes of two devices
    parts = [_take(training_batches(data, plain, 0, shard), 8) for shard in shards]
    for step, (images, _) in enumerate(one_by_one):
        pieces = [piece for taken in parts for piece, _ in taken[2 * step : 2 * step + 2]]
        assert [len(piece) for piece in pieces] == [2, 2, 2, 2]
        assert sorted(map(bytes, np.concatenate(pieces))) == sorted(map(bytes, images))


@pytest.mark.parametrize("devices", [1, 2, 3])
def test_every_image_is_validated_once_and_shards_have_equal_batch_counts(devices: int) -> None:
    split = _data(23).validation
    taken = [list(eval_batches(split, 10, 4, Shard(range(part, part + 1), devices))) for part in range(devices)]
    assert len({len(batches) for batches in taken}) == 1
    images = np.concatenate([images for batches in taken for images, _ in batches])
    assert sorted(map(bytes, images.astype(np.uint8))) == sorted(map(bytes, split.images()))


def test_random_numbers_repeat_for_a_seed_and_differ_between_calls() -> None:
    def draw_twice(seed: int) -> tuple[np.ndarray, np.ndarray]:
        with stateless_random.use_seed(tf.constant(seed, tf.int64)):
            return uniform([5], -1.0, 1.0).numpy(), uniform([5], -1.0, 1.0).numpy()

    assert (draw_twice(3)[0] == draw_twice(3)[0]).all() and (draw_twice(3)[1] == draw_twice(3)[1]).all()
    assert (draw_twice(3)[0] != draw_twice(3)[1]).any() and (draw_twice(3)[0] != draw_twice(4)[0]).any()


def test_an_unreadable_image_inside_a_stream_is_named() -> None:
    class Broken:
        shape = (20, 8, 8, 1)

        def __getitem__(self, rows: np.ndarray, /) -> np.ndarray:
            raise BadImage("cat/7.jpg cannot be read")

    data = _data()
    split = type(data.train)(Broken(), data.train.rows, data.train.labels)
    with pytest.raises(BadImage, match=r"^cat/7\.jpg cannot be read$"), reraise_bad_image():
        list(eval_batches(split, 10, 4))
