from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.candidates import (
    export_small_classifier,
    export_small_generator,
    make_noise_data,
    make_residual_recipe,
)
from training.evaluation.inference import batch_inputs, extract_servable_features, run_servable
from training.export.saved_model import write_saved_model
from training.export.signatures import EXPLAIN, FEATURES, WALK, interpolate_noise
from training.nets import noise
from training.nets.classifier import build_classifier, feature_extractor
from training.recipes.loading import load_recipe


@pytest.fixture
def exported(tmp_path):  # type: ignore[no-untyped-def]
    """The candidate of a small net with random weights, the net and its data."""
    data = make_noise_data(300, 8)
    return *export_small_classifier(tmp_path, data, load_recipe("digits8-cnn")), data


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
    full, half = (export_small_generator(tmp_path / str(truncation), truncation) for truncation in (1.0, 0.5))

    def draw(folder: Path, truncation: float) -> np.ndarray:
        inputs = {"seeds": np.arange(6), "labels": np.arange(6, dtype=np.int32) % 2}
        inputs["truncation"] = np.full(6, truncation, np.float32)
        return run_servable(folder, [inputs])["images"]

    np.testing.assert_array_equal(draw(half, 1.0), draw(full, 0.5))
    assert (draw(half, 1.0) != draw(full, 1.0)).any()


def test_maps_are_the_parts_of_the_answer(tmp_path: Path) -> None:
    """Their averages over the picture give the probabilities: nothing of the answer comes from elsewhere."""
    data = make_noise_data()
    images = data.test.images()
    folder, net = export_small_classifier(tmp_path, data, make_residual_recipe(4, 8))
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
    return export_small_generator(tmp_path_factory.mktemp("drawn"), truncation=0.99)


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
