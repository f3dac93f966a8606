from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from training.data.dataset import Dataset, Split
from training.errors import RecipeError
from training.export import saved_model as export
from training.fit.compile import compile_model
from training.fit.warm_start import init_from, interpolate
from training.nets.classifier import build_classifier
from training.recipes.loading import load_recipe

RECIPES = {
    "digits8-cnn": [],
    "mnist-mlp": ["net.widths=[16, 8]"],
    "digits": ["net.widths=[4, 8]", "net.depths=[1, 2]"],
    "mnist-cnn": ["net.batch_norm=after", "net.dense=[6]"],
}


def _net(name: str, classes: int = 10, *options: str) -> keras.Model:
    return build_classifier(load_recipe(name, [*RECIPES[name], *options]), 1, classes)


def _publish(net: keras.Model, folder: Path) -> Path:
    """A servable of that net with random weights and BatchNorm statistics."""
    rng = np.random.default_rng(3)
    net.set_weights([rng.uniform(0.1, 1.0, weight.shape) for weight in net.get_weights()])
    side = net.input_shape[1] or 28

    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"logits": net(tf.cast(images, tf.float32), training=False)}

    export.write_saved_model(serve, {"images": tf.TensorSpec([None, side, side, 1], tf.uint8, "images")}, folder)
    return folder


@pytest.mark.parametrize("name", RECIPES)
def test_a_net_initialised_from_a_servable_gives_the_same_outputs(name: str, tmp_path: Path) -> None:
    other = _net(name)
    folder = _publish(other, tmp_path / "1")
    net = _net(name)
    init_from(net, folder)
    images = np.random.default_rng(0).uniform(0, 255, (6, other.input_shape[1] or 28, other.input_shape[2] or 28, 1))
    np.testing.assert_allclose(net.predict_on_batch(images), other.predict_on_batch(images), rtol=1e-5)


def test_interpolated_weights_lie_between_the_servable_and_the_net(tmp_path: Path) -> None:
    other, net = _net("digits"), _net("digits")
    folder = _publish(other, tmp_path / "1")
    before = net.get_weights()
    interpolate(net, folder, 0.25)
    for old, source, new in zip(before, other.get_weights(), net.get_weights(), strict=True):
        np.testing.assert_allclose(new, 0.25 * source + 0.75 * old, rtol=1e-5, atol=1e-6)


def test_with_other_classes_all_layers_but_the_last_are_initialised(tmp_path: Path) -> None:
    other = _net("digits")
    folder = _publish(other, tmp_path / "1")
    net = _net("digits", 3)
    before = net.get_layer("classes").get_weights()
    init_from(net, folder)
    for old, new in zip(before, net.get_layer("classes").get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    for source, own in zip(other.get_weights()[:-2], net.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(source, own)


@pytest.mark.parametrize("options", [["net.depths=[1, 1]"], ["net.widths=[4, 12]"], ["net.squeeze=false"]])
def test_a_net_with_other_layers_is_refused(options: list[str], tmp_path: Path) -> None:
    folder = _publish(_net("digits"), tmp_path / "1")
    with pytest.raises(RecipeError, match=r"1 has \d+ layers '|1 has nothing of shape"):
        init_from(_net("digits", 10, *options), folder)


def test_init_from_names_a_recipe_with_a_candidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    other = _net("digits8-cnn")
    _publish(other, Path("runs/digits8-cnn/candidate"))
    split = Split.of(np.zeros((20, 8, 8, 1), np.uint8), np.arange(20) % 10)
    data = Dataset("any", tuple("0123456789"), "photo", split, split, split)
    net = compile_model(load_recipe("digits8-cnn", ["init_from=digits8-cnn"]), data)
    for source, own in zip(other.get_weights(), net.get_weights(), strict=True):
        np.testing.assert_array_equal(source, own)


def test_init_from_a_recipe_without_a_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    split = Split.of(np.zeros((20, 8, 8, 1), np.uint8), np.arange(20) % 10)
    data = Dataset("any", tuple("0123456789"), "photo", split, split, split)
    with pytest.raises(Exception, match=r"no run of 'mnist-mlp' has ended"):
        compile_model(load_recipe("digits8-cnn", ["init_from=mnist-mlp"]), data)
