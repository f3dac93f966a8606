import keras
import numpy as np
import pytest

from training.fit.model_ema import WeightAverage


def _net() -> keras.Model:
    images = keras.Input((1,))
    return keras.Model(images, keras.layers.Dense(1, use_bias=False)(images))


def test_average_follows_the_weights_and_is_swapped_in_temporarily() -> None:
    net = _net()
    net.set_weights([np.array([[0.0]])])
    average = WeightAverage(net, 0.5)
    for value in (8.0, 8.0, 8.0):
        net.set_weights([np.array([[value]])])
        average.on_train_batch_end(0)
    with average.as_weights():
        assert 6.0 < net.get_weights()[0].item() < 8.0
    assert net.get_weights()[0].item() == 8.0


def test_the_average_follows_quickly_in_the_first_steps() -> None:
    net = _net()
    average = WeightAverage(net, 0.9999)
    for _ in range(30):
        net.set_weights([np.array([[5.0]])])
        average.on_train_batch_end(0)
    assert average.means[0].numpy().item() == pytest.approx(5, rel=0.01)


def test_validation_uses_the_averages() -> None:
    net = _net()
    net.compile(keras.optimizers.SGD(1e-9), "mse")
    net.set_weights([np.array([[1.0]])])
    average = WeightAverage(net, 0.9)
    average.means[0].assign([[3.0]])
    one = np.ones((4, 1), np.float32)
    history = net.fit(one, one, validation_data=(one, 3 * one), callbacks=[average], verbose=0).history
    assert history["val_loss"][0] < history["loss"][0] + 4
    assert net.get_weights()[0].item() == pytest.approx(1, abs=1e-3)


def test_at_epoch_end_earlier_callbacks_see_the_averages_and_later_ones_the_weights() -> None:
    net, values = _net(), []

    class RecordWeight(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            values.append(net.get_weights()[0].item())

    net.compile(keras.optimizers.SGD(1e-9), "mse")
    net.set_weights([np.array([[1.0]])])
    average = WeightAverage(net, 0.99)
    average.means[0].assign([[3.0]])
    average.steps.assign(1e9)
    one = np.ones((4, 1), np.float32)
    net.fit(
        one, one, epochs=2, validation_data=(one, one), callbacks=[RecordWeight(), average, RecordWeight()], verbose=0
    )
    assert values == pytest.approx([2.98, 1, 2.96, 1], abs=0.01)
