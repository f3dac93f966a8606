from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from training.data.dataset import Dataset, whole
from training.errors import RecipeError
from training.export import saved_model as export
from training.fit.compile import compile_model
from training.fit.warm_start import begin, blend
from training.nets import classifier
from training.recipes.loading import load_recipe

FORMS = {
    "digits8-cnn": [],
    "mnist-mlp": ["net.widths=[16, 8]"],
    "digits": ["net.widths=[4, 8]", "net.depths=[1, 2]"],
    "mnist-cnn": ["net.batch_norm=after", "net.dense=[6]"],
}


def _net(name: str, classes: int = 10, *options: str) -> keras.Model:
    return classifier(load_recipe(name, [*FORMS[name], *options]), 1, classes)


def _published(net: keras.Model, folder: Path) -> Path:
    """A servable of that net, whose weights, batch norms' statistics too, are all different."""
    rng = np.random.default_rng(3)
    net.set_weights([rng.uniform(0.1, 1.0, weight.shape) for weight in net.get_weights()])
    side = net.input_shape[1] or 28

    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"logits": net(tf.cast(images, tf.float32), training=False)}

    export.save(serve, {"images": tf.TensorSpec([None, side, side, 1], tf.uint8, "images")}, folder)
    return folder


@pytest.mark.parametrize("name", FORMS)
def test_a_net_that_begins_as_another_says_the_same(name: str, tmp_path: Path) -> None:
    other = _net(name)
    folder = _published(other, tmp_path / "1")
    net = _net(name)
    begin(net, folder)
    images = np.random.default_rng(0).uniform(0, 255, (6, other.input_shape[1] or 28, other.input_shape[2] or 28, 1))
    np.testing.assert_allclose(net.predict_on_batch(images), other.predict_on_batch(images), rtol=1e-5)


def test_a_blend_lies_between_what_began_and_what_came_of_it(tmp_path: Path) -> None:
    other, net = _net("digits"), _net("digits")
    folder = _published(other, tmp_path / "1")
    before = net.get_weights()
    blend(net, folder, 0.25)
    for was, theirs, now in zip(before, other.get_weights(), net.get_weights(), strict=True):
        np.testing.assert_allclose(now, 0.25 * theirs + 0.75 * was, rtol=1e-5, atol=1e-6)


def test_where_the_classes_are_others_all_but_the_last_layer_is_the_same(tmp_path: Path) -> None:
    other = _net("digits")
    folder = _published(other, tmp_path / "1")
    net = _net("digits", 3)
    before = net.get_layer("classes").get_weights()
    begin(net, folder)
    for was, now in zip(before, net.get_layer("classes").get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)
    for theirs, ours in zip(other.get_weights()[:-2], net.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(theirs, ours)


@pytest.mark.parametrize("options", [["net.depths=[1, 1]"], ["net.widths=[4, 12]"], ["net.squeeze=false"]])
def test_a_net_of_another_form_is_refused(options: list[str], tmp_path: Path) -> None:
    folder = _published(_net("digits"), tmp_path / "1")
    with pytest.raises(RecipeError, match=r"1 has \d+ layers '|1 has nothing of shape"):
        begin(_net("digits", 10, *options), folder)


def test_a_recipe_begins_as_what_another_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    other = _net("digits8-cnn")
    _published(other, Path("runs/digits8-cnn/candidate"))
    split = whole(np.zeros((20, 8, 8, 1), np.uint8), np.arange(20) % 10)
    data = Dataset("any", tuple("0123456789"), "photo", split, split, split)
    net = compile_model(load_recipe("digits8-cnn", ["begin=digits8-cnn"]), data)
    for theirs, ours in zip(other.get_weights(), net.get_weights(), strict=True):
        np.testing.assert_array_equal(theirs, ours)


def test_a_recipe_that_begins_as_nothing_there_is_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    split = whole(np.zeros((20, 8, 8, 1), np.uint8), np.arange(20) % 10)
    data = Dataset("any", tuple("0123456789"), "photo", split, split, split)
    with pytest.raises(Exception, match=r"no run of 'mnist-mlp' has ended"):
        compile_model(load_recipe("digits8-cnn", ["begin=mnist-mlp"]), data)
