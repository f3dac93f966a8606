import keras
import numpy as np
import pytest

from training.data.dataset import Split
from training.export.batch_norm import recalibrate_batch_norm
from training.nets.classifier import build_classifier
from training.recipes.loading import load_recipe


def _net(*options: str) -> keras.Model:
    keras.utils.set_random_seed(1)
    net = build_classifier(load_recipe("digits", ["net.widths=[4, 8]", "net.depths=[1, 1]", *options]), 1, 10)
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):  # as if the training images had been different
            layer.moving_mean.assign(keras.random.normal(layer.moving_mean.shape))
    return net


def _images(count: int, side: int = 12) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 1), np.uint8)


def test_recalibrated_net_predicts_on_those_images_as_in_training_mode() -> None:
    net, images = _net("net.dropout=0"), _images(100)
    unchanged = net.predict_on_batch(images)
    recalibrate_batch_norm(net, Split.of(images, np.zeros(100)), 12)
    expected = np.asarray(net(images.astype(np.float32), training=True))
    np.testing.assert_allclose(net.predict_on_batch(images), expected, atol=0.02)
    assert np.abs(unchanged - expected).max() > 0.1


def test_statistics_cover_all_batches_equally() -> None:
    net, images = _net(), _images(300)
    images[100:] //= 4  # the batches differ
    recalibrate_batch_norm(net, Split.of(images, np.zeros(300)), 12)
    first = next(layer for layer in net.layers if isinstance(layer, keras.layers.BatchNormalization))
    inputs = np.asarray(keras.Model(net.input, first.input)(images.astype(np.float32)))
    np.testing.assert_allclose(first.moving_mean, inputs.mean(axis=(0, 1, 2)), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(first.moving_variance, inputs.var(axis=(0, 1, 2)), rtol=1e-3)


def test_order_of_the_classes_hardly_changes_the_statistics() -> None:
    images = _images(400)
    images[200:] //= 8
    mixed = np.random.default_rng(1).permutation(400)
    one, other = _net(), _net()
    recalibrate_batch_norm(one, Split.of(images, np.zeros(400)), 12)
    recalibrate_batch_norm(other, Split.of(images[mixed], np.zeros(400)), 12)
    for ordered, shuffled in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(ordered, shuffled, rtol=0.15, atol=0.05)


def test_momentum_is_unchanged_afterwards() -> None:
    net = _net()
    recalibrate_batch_norm(net, Split.of(_images(20), np.zeros(20)), 12)
    assert {layer.momentum for layer in net.layers if isinstance(layer, keras.layers.BatchNormalization)} == {0.99}


def test_statistics_are_measured_at_the_served_image_size() -> None:
    one, other = _net(), _net()
    ramp = np.tile(np.arange(0, 240, 10, np.uint8)[None, :, None, None], (30, 1, 24, 1))
    recalibrate_batch_norm(one, Split.of(ramp, np.zeros(30)), 12)
    recalibrate_batch_norm(other, Split.of(ramp, np.zeros(30)), 24)
    assert any((a != b).any() for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


def test_net_without_batch_norms_is_unchanged() -> None:
    net = build_classifier(load_recipe("mnist-mlp"), 1, 10)
    before = net.get_weights()
    recalibrate_batch_norm(net, Split.of(_images(5, 28), np.zeros(5)), 28)
    assert all((a == b).all() for a, b in zip(before, net.get_weights(), strict=True))


@pytest.mark.parametrize("limit", [7, 30, 100])
def test_no_more_images_are_read_than_the_limit(limit: int) -> None:
    class CountingStore:
        shape = (90, 12, 12, 1)
        count = 0

        def __getitem__(self, rows: np.ndarray) -> np.ndarray:
            self.count += len(rows)
            return _images(90)[rows]

    store = CountingStore()
    recalibrate_batch_norm(_net(), Split.of(store, np.zeros(90)), 12, limit)  # type: ignore[arg-type]
    assert store.count == min(limit, 90)
