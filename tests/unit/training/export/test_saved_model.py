from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from training.data.dataset import Dataset, Split
from training.evaluation.inference import batch_inputs, extract_servable_features, run_servable
from training.export.outlier_score import extract_features, fit_outlier_score
from training.export.saved_model import export_classifier, export_generator, write_saved_model
from training.export.signatures import EXPLAIN, FEATURES, WALK, interpolate_noise
from training.nets import gan, noise
from training.nets.classifier import build_classifier, feature_extractor
from training.recipes.loading import load_recipe
from training.run import Run


@pytest.fixture
def exported(tmp_path):  # type: ignore[no-untyped-def]
    """The candidate of a small net with random weights, the net and its data."""
    keras.utils.set_random_seed(2)
    recipe = load_recipe("digits8-cnn")
    images = np.random.default_rng(0).integers(0, 256, (300, 8, 8, 1), np.uint8)
    split = Split.of(images, np.arange(300) % 10)
    data = Dataset("any", tuple("0123456789"), "photo", split, split, split)
    net = build_classifier(recipe, 1, 10)
    outputs, labels = extract_features(net, split, 8)
    outlier_score = fit_outlier_score(outputs, labels, outputs)
    return export_classifier(net, 2.0, outlier_score, data, Run(tmp_path, recipe)), net, data


def test_servable_gives_the_probabilities_of_the_net_and_an_outlier_score(exported) -> None:  # type: ignore[no-untyped-def]
    folder, net, data = exported
    images = data.test.images()
    outputs = run_servable(folder, batch_inputs(images=images))
    probabilities = keras.ops.softmax(net(images.astype("float32")) / 2.0)
    np.testing.assert_allclose(outputs["probabilities"], probabilities, atol=1e-5)
    scores = outputs["outlier_score"]
    assert scores.shape == (300,) and scores.dtype == np.float32
    assert np.sort(scores) == pytest.approx(np.linspace(0, 1, 300), abs=0.02)
    flat = np.full((1, 8, 8, 1), 255, np.uint8)
    assert run_servable(folder, batch_inputs(images=flat))["outlier_score"][0] > 0.95


def test_features_of_the_servable_are_those_of_the_net(exported) -> None:  # type: ignore[no-untyped-def]
    folder, net, data = exported
    images = data.test.images()
    np.testing.assert_allclose(
        extract_servable_features(folder, images), feature_extractor(net)(images.astype("float32"))[-1], atol=1e-4
    )


def test_generator_multiplies_truncation_by_that_of_its_recipe(tmp_path: Path) -> None:
    keras.utils.set_random_seed(4)
    split = Split.of(np.zeros((4, 8, 8, 1), np.uint8), np.arange(4) % 2)
    data = Dataset("any", ("0", "1"), "digit", split, split, split)
    recipes = [
        load_recipe("digits-gan", ["net.widths=[8, 4]", f"truncation={truncation}"]) for truncation in (1.0, 0.5)
    ]
    net = gan.build_generator(recipes[0].gan, 8, 1, 2)
    full, half = (export_generator(net, data, Run(tmp_path / str(recipe.truncation), recipe)) for recipe in recipes)

    def draw(folder: Path, truncation: float) -> np.ndarray:
        inputs = {"seeds": np.arange(6), "labels": np.arange(6, dtype=np.int32) % 2}
        inputs["truncation"] = np.full(6, truncation, np.float32)
        return run_servable(folder, [inputs])["images"]

    np.testing.assert_array_equal(draw(half, 1.0), draw(full, 0.5))
    assert (draw(half, 1.0) != draw(full, 1.0)).any()


def test_maps_are_the_parts_of_the_answer(tmp_path: Path) -> None:
    """Their averages over the picture give the probabilities: nothing of the answer comes from elsewhere."""
    keras.utils.set_random_seed(3)
    recipe = load_recipe("digits", ["net.widths=[4, 8]", "net.depths=[1, 1]", "data.size=12"])
    images = np.random.default_rng(0).integers(0, 256, (60, 12, 12, 1), np.uint8)
    split = Split.of(images, np.arange(60) % 10)
    data = Dataset("any", tuple("0123456789"), "photo", split, split, split)
    net = build_classifier(recipe, 1, 10)
    outputs, labels = extract_features(net, split, 12)
    folder = export_classifier(net, 2.0, fit_outlier_score(outputs, labels, outputs), data, Run(tmp_path, recipe))
    explained = run_servable(folder, batch_inputs(images=images), EXPLAIN)
    assert explained["maps"].shape == (60, 6, 6, 10) and np.ptp(explained["maps"][0, ..., 0]) > 0
    averages = explained["maps"].mean(axis=(1, 2))
    np.testing.assert_allclose(keras.ops.softmax(averages), explained["probabilities"], atol=1e-5)
    np.testing.assert_allclose(averages.sum(axis=1), 0, atol=1e-4)
    served = run_servable(folder, batch_inputs(images=images))
    np.testing.assert_array_equal(served["probabilities"], explained["probabilities"])
    assert (folder / "saved_model.pb").read_bytes().count(_find_longest_weights(net)) == 1, "weights are stored once"


def _find_longest_weights(net: keras.Model) -> bytes:
    return bytes(max(net.get_weights(), key=np.size).tobytes())


def test_a_net_that_flattens_its_features_has_no_maps(tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    net = build_classifier(load_recipe("mnist-cnn", ["net.widths=[4]", "net.dense=[6]"]), 1, 10)

    def serve(images):  # type: ignore[no-untyped-def]
        outputs = feature_extractor(net)(tf.cast(images, tf.float32))
        return {"probabilities": tf.nn.softmax(tf.identity(outputs[-1], FEATURES))}

    write_saved_model(serve, {"images": tf.TensorSpec([None, 28, 28, 1], tf.uint8, "images")}, tmp_path / "1")
    assert list(tf.saved_model.load(str(tmp_path / "1")).signatures) == ["serving_default"]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The candidate of a generator with random weights."""
    keras.utils.set_random_seed(4)
    split = Split.of(np.zeros((4, 8, 8, 1), np.uint8), np.arange(4) % 2)
    data = Dataset("any", ("0", "1"), "digit", split, split, split)
    recipe = load_recipe("digits-gan", ["net.widths=[8, 4]"])
    net = gan.build_generator(recipe.gan, 8, 1, 2)
    return export_generator(net, data, Run(tmp_path_factory.mktemp("drawn"), recipe))


SEEDS_FROM, SEEDS_TO = np.arange(6), np.array([9, 9, 9, 9, 9, 5])  # the last two are the same
LABELS = np.array([-1, 0, 1, -1, -1, -1], np.int32)


def _walk(folder: Path, position: float) -> np.ndarray:
    same = np.ones(6, np.float32)
    inputs = {"seeds_from": SEEDS_FROM, "seeds_to": SEEDS_TO, "position": same * position, "labels": LABELS}
    return run_servable(folder, [inputs | {"truncation": same}], WALK)["images"]


def _draw(folder: Path, seeds: np.ndarray) -> np.ndarray:
    return run_servable(folder, [{"seeds": seeds, "labels": LABELS, "truncation": np.ones(6, np.float32)}])["images"]


def test_a_walk_begins_and_ends_with_the_pictures_of_its_seeds(drawn: Path) -> None:
    np.testing.assert_array_equal(_walk(drawn, 0.0), _draw(drawn, SEEDS_FROM))
    np.testing.assert_array_equal(_walk(drawn, 1.0), _draw(drawn, SEEDS_TO))
    middle = _walk(drawn, 0.5)
    assert (middle[:5] != _walk(drawn, 0.0)[:5]).any() and (middle[:5] != _walk(drawn, 1.0)[:5]).any()
    np.testing.assert_array_equal(middle[5], _walk(drawn, 0.0)[5])  # from a seed to itself nothing moves


def test_noise_on_the_way_is_as_long_as_that_of_a_seed() -> None:
    start, end = (
        noise.normals(tf.constant([1, 2, 2], tf.int64), 64),
        noise.normals(tf.constant([3, 4, 2], tf.int64), 64),
    )
    for position in (0.0, 0.3, 0.5, 1.0):
        between = interpolate_noise(start, end, tf.fill([3], position))
        lengths = [np.linalg.norm(values, axis=1) for values in (start, between, end)]
        assert (lengths[1] > 0.9 * np.minimum(lengths[0], lengths[2])).all()
        assert (lengths[1] < 1.1 * np.maximum(lengths[0], lengths[2])).all()
