import keras
import numpy as np
import pytest
import tensorflow as tf

from training import pipeline as tasks
from training.nets import classifier
from training.nets.sam import Sharpness
from training.recipes.loading import load_recipe


class Steep(keras.losses.Loss):
    """The outputs themselves, whatever the labels: its slope is that of the net."""

    def call(self, labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(outputs, axis=-1)


def _net(*values: float, radius: float = 0.5) -> keras.Model:
    """One output, the product of all inputs' sums and the weights: (w1 + w2 + ...) squared a row of ones."""
    images = keras.Input((len(values),))
    product = keras.layers.Dense(1, use_bias=False)(images)
    net = Sharpness(images, keras.layers.Multiply()([product, product]))
    net.set_weights([np.array(values, np.float32)[:, None]])
    net.radius = radius
    return net


def _step(net: keras.Model, rate: float = 0.1) -> list[np.ndarray]:
    net.compile(keras.optimizers.SGD(rate), Steep())
    rows = np.ones((4, net.input_shape[1]), np.float32)
    net.train_on_batch(rows, np.zeros((4, 1), np.float32))
    return net.get_weights()


def test_the_slope_is_that_a_little_uphill() -> None:
    # f = w^2 at 2: uphill lies w + radius * w = 3, where the slope is 6
    assert _step(_net(2.0))[0].item() == pytest.approx(2.0 - 0.1 * 6, rel=1e-5)
    assert _step(_net(2.0, radius=1e-6))[0].item() == pytest.approx(2.0 - 0.1 * 4, rel=1e-5)


def test_a_weight_is_moved_in_proportion_to_its_size() -> None:
    # f = (a + b)^2: slopes are alike, so moves go as the squares of 3 and 1; together as long as the radius, relatively
    moves = 0.5 * np.array([9.0, 1.0]) / np.sqrt(10)
    slope = 2 * (4 + moves.sum())
    np.testing.assert_allclose(_step(_net(3.0, 1.0))[0][:, 0], [3 - 0.1 * slope, 1 - 0.1 * slope], rtol=1e-5)


def test_penalties_are_taken_uphill_too() -> None:
    images = keras.Input((1,))
    lone = keras.layers.Dense(1, use_bias=False, kernel_regularizer=keras.regularizers.L2(1.0))
    net = Sharpness(images, lone(images))
    net.set_weights([np.array([[2.0]], np.float32)])
    # f = w + w^2 at 2: uphill lies 3, where the slope is 1 + 6
    assert _step(net)[0].item() == pytest.approx(2.0 - 0.1 * 7, rel=1e-5)


def test_the_loss_told_is_the_mean_of_what_the_batches_lost() -> None:
    net = _net(2.0, radius=1e-6)
    net.compile(keras.optimizers.SGD(0.0), Steep(), metrics=["mae"])
    rows = np.array([[1.0], [1.0], [2.0]], np.float32)
    told = net.fit(rows, np.zeros((3, 1)), batch_size=2, shuffle=False, verbose=0).history
    assert told["loss"][0] == pytest.approx((4 + 4 + 16) / 3, rel=1e-4) == told["mae"][0]


def test_batch_norms_remember_what_they_saw_where_the_weights_are() -> None:
    keras.utils.set_random_seed(1)
    options = ["net.batch_norm=before", "net.dropout=0.3", "data.size=8"]
    plan = load_recipe("digits8-cnn", [*options, "sam=20"])
    images = np.random.default_rng(0).uniform(0, 255, (8, 8, 8, 1)).astype(np.float32)
    labels = keras.utils.to_categorical(np.arange(8), 10)
    net, plain = classifier(plan, 1, 10), classifier(load_recipe("digits8-cnn", options), 1, 10)
    plain.set_weights(net.get_weights())
    for each in (net, plain):
        each.compile(keras.optimizers.SGD(0.0), "categorical_crossentropy")
    net.train_on_batch(images, labels)
    plain(images[:4], training=True)
    for one, other in zip(net.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_a_recipe_asks_for_it_by_name_and_learns_with_it(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    plan = load_recipe("digits8-cnn", ["epochs=20", "sam=0.5"])
    assert tasks.train(plan).rows()[-1]["val_accuracy"] > 0.85
