from pathlib import Path

import keras
import numpy as np
import pytest

from training.data.dataset import Dataset, Split
from training.evaluation.inference import batch_inputs, extract_servable_features, run_servable
from training.export.outlier_score import extract_features, fit_outlier_score
from training.export.saved_model import export_classifier, export_generator
from training.nets import gan
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
