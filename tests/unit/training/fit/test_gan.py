import keras
import numpy as np
import pytest
import tensorflow as tf

from training.fit.gan import Gan
from training.recipes.loading import load_recipe

SMALL = ["net.widths=[8, 4]", "net.discriminator_widths=[8, 8]", "net.latent=4", "ema=0.9"]


@pytest.fixture
def gan() -> Gan:
    keras.utils.set_random_seed(3)
    gan = Gan(load_recipe("digits-gan", SMALL), 8, 1, 2)
    gan.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-2))
    return gan


def _batch(count: int = 32) -> tuple[tf.Tensor, tf.Tensor]:
    labels = np.arange(count) % 2
    images = np.zeros((count, 8, 8, 1), np.float32)
    images[labels == 0, :4], images[labels == 1, 4:] = 255, 255
    return tf.constant(images), tf.one_hot(labels, 2)


def test_discriminator_and_generator_both_learn(gan: Gan) -> None:
    step, before = tf.function(gan.train_step), gan.generator.get_weights()
    logs = [step(_batch()) for _ in range(30)]
    assert float(logs[-1]["apart"]) > 0.3 > float(logs[0]["apart"]) - 0.3
    assert any(
        not np.allclose(earlier, later) for earlier, later in zip(before, gan.generator.get_weights(), strict=True)
    )
    assert all(np.isfinite(float(value)) for value in logs[-1].values())


def test_weights_of_the_result_are_averages_of_the_generator(gan: Gan) -> None:
    step, kernels = tf.function(gan.train_step), []
    for _ in range(25):
        step(_batch())
        kernels.append(gan.generator.trainable_weights[0].numpy())
    mean = gan.average.weights[0].numpy()
    assert np.abs(mean - kernels[-1]).max() > 0
    assert np.min(kernels, axis=0).min() - 1e-6 <= mean.min() and mean.max() <= np.max(kernels, axis=0).max() + 1e-6
