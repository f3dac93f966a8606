import keras
import numpy as np
import pytest
import tensorflow as tf

from training.fit.gan import Gan
from training.recipes.loading import load_recipe

SMALL = ["net.widths=[8, 4]", "net.judge=[8, 8]", "net.latent=4", "ema=0.9"]


@pytest.fixture
def gan() -> Gan:
    keras.utils.set_random_seed(3)
    made = Gan(load_recipe("digits-gan", SMALL), 8, 1, 2)
    made.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-2))
    return made


def _batch(count: int = 32) -> tuple[tf.Tensor, tf.Tensor]:
    labels = np.arange(count) % 2
    pictures = np.zeros((count, 8, 8, 1), np.float32)
    pictures[labels == 0, :4], pictures[labels == 1, 4:] = 255, 255
    return tf.constant(pictures), tf.one_hot(labels, 2)


def test_the_discriminator_learns_to_tell_and_the_generator_is_taught(gan: Gan) -> None:
    step, before = tf.function(gan.train_step), gan.generator.get_weights()
    told = [step(_batch()) for _ in range(30)]
    assert float(told[-1]["apart"]) > 0.3 > float(told[0]["apart"]) - 0.3
    assert any(not np.allclose(was, now) for was, now in zip(before, gan.generator.get_weights(), strict=True))
    assert all(np.isfinite(float(value)) for value in told[-1].values())


def test_what_is_kept_is_an_average_of_the_generator(gan: Gan) -> None:
    step, kernel = tf.function(gan.train_step), []
    for _ in range(25):
        step(_batch())
        kernel.append(gan.generator.trainable_weights[0].numpy())
    mean = gan.average.weights[0].numpy()
    assert np.abs(mean - kernel[-1]).max() > 0
    assert np.min(kernel, axis=0).min() - 1e-6 <= mean.min() and mean.max() <= np.max(kernel, axis=0).max() + 1e-6
