import keras
import numpy as np
import pytest
import tensorflow as tf

from training import pipeline as tasks
from training.nets.classifier import build_classifier
from training.nets.sam import SamModel
from training.recipes.loading import load_recipe


class OutputLoss(keras.losses.Loss):
    """The sum of the outputs, without labels: its gradient is that of the net."""

    def call(self, labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(outputs, axis=-1)


def _net(*values: float, rho: float = 0.5) -> keras.Model:
    """A net with one output, which is (w1 + w2 + ...) squared for a row of ones."""
    images = keras.Input((len(values),))
    product = keras.layers.Dense(1, use_bias=False)(images)
    net = SamModel(images, keras.layers.Multiply()([product, product]))
    net.set_weights([np.array(values, np.float32)[:, None]])
    net.rho = rho
    return net


def _train_step(net: keras.Model, rate: float = 0.1) -> list[np.ndarray]:
    net.compile(keras.optimizers.SGD(rate), OutputLoss())
    rows = np.ones((4, net.input_shape[1]), np.float32)
    net.train_on_batch(rows, np.zeros((4, 1), np.float32))
    return net.get_weights()


def test_gradient_is_taken_at_the_uphill_weights() -> None:
    # f = w^2 at 2: uphill is w + rho * w = 3, where the gradient is 6
    assert _train_step(_net(2.0))[0].item() == pytest.approx(2.0 - 0.1 * 6, rel=1e-5)
    assert _train_step(_net(2.0, rho=1e-6))[0].item() == pytest.approx(2.0 - 0.1 * 4, rel=1e-5)


def test_weights_move_uphill_in_proportion_to_their_size() -> None:
    # f = (a + b)^2 has equal gradients, so moves are proportional to the squares of 3 and 1
    moves = 0.5 * np.array([9.0, 1.0]) / np.sqrt(10)
    gradient = 2 * (4 + moves.sum())
    np.testing.assert_allclose(
        _train_step(_net(3.0, 1.0))[0][:, 0], [3 - 0.1 * gradient, 1 - 0.1 * gradient], rtol=1e-5
    )


def test_gradient_of_penalties_is_taken_at_the_uphill_weights_too() -> None:
    images = keras.Input((1,))
    dense = keras.layers.Dense(1, use_bias=False, kernel_regularizer=keras.regularizers.L2(1.0))
    net = SamModel(images, dense(images))
    net.set_weights([np.array([[2.0]], np.float32)])
    # f = w + w^2 at 2: uphill is 3, where the gradient is 1 + 6
    assert _train_step(net)[0].item() == pytest.approx(2.0 - 0.1 * 7, rel=1e-5)


def test_the_reported_loss_is_the_mean_over_all_images() -> None:
    net = _net(2.0, rho=1e-6)
    net.compile(keras.optimizers.SGD(0.0), OutputLoss(), metrics=["mae"])
    rows = np.array([[1.0], [1.0], [2.0]], np.float32)
    history = net.fit(rows, np.zeros((3, 1)), batch_size=2, shuffle=False, verbose=0).history
    assert history["loss"][0] == pytest.approx((4 + 4 + 16) / 3, rel=1e-4) == history["mae"][0]


def test_batch_norm_statistics_are_those_of_the_unmoved_weights() -> None:
    keras.utils.set_random_seed(1)
    options = ["net.batch_norm=before", "net.dropout=0.3", "data.size=8"]
    recipe = load_recipe("digits8-cnn", [*options, "sam_rho=20"])
    images = np.random.default_rng(0).uniform(0, 255, (8, 8, 8, 1)).astype(np.float32)
    labels = keras.utils.to_categorical(np.arange(8), 10)
    net, plain = build_classifier(recipe, 1, 10), build_classifier(load_recipe("digits8-cnn", options), 1, 10)
    plain.set_weights(net.get_weights())
    for model in (net, plain):
        model.compile(keras.optimizers.SGD(0.0), "categorical_crossentropy")
    net.train_on_batch(images, labels)
    plain(images[:4], training=True)
    for one, other in zip(net.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_a_recipe_with_sam_rho_learns(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    recipe = load_recipe("digits8-cnn", ["epochs=20", "sam_rho=0.5"])
    assert tasks.train(recipe).load_history()[-1]["val_accuracy"] > 0.85
