from pathlib import Path

import keras
import numpy as np
import pytest

from training.data.dataset import Dataset, Split
from training.evaluation import inference as saved
from training.export.outlier_score import extract_features, fit_outlier_score
from training.export.saved_model import export_classifier, export_generator
from training.nets import gan
from training.nets.classifier import build_classifier, feature_extractor
from training.recipes.loading import load_recipe
from training.run import Run


@pytest.fixture
def made(tmp_path):  # type: ignore[no-untyped-def]
    """(the candidate of a small net of chance weights, the net, its data)"""
    keras.utils.set_random_seed(2)
    plan = load_recipe("digits8-cnn")
    images = np.random.default_rng(0).integers(0, 256, (300, 8, 8, 1), np.uint8)
    split = Split.of(images, np.arange(300) % 10)
    data = Dataset("any", tuple("0123456789"), "photo", split, split, split)
    net = build_classifier(plan, 1, 10)
    known, labels = extract_features(net, split, 8)
    fitted = fit_outlier_score(known, labels, known)
    return export_classifier(net, 2.0, fitted, data, Run(tmp_path, plan)), net, data


def test_the_servable_says_what_the_net_says_and_how_strange_it_finds_it(made) -> None:  # type: ignore[no-untyped-def]
    folder, net, data = made
    images = data.test.images()
    outputs = saved.outputs(folder, saved.batches(images=images))
    shares = keras.ops.softmax(net(images.astype("float32")) / 2.0)
    np.testing.assert_allclose(outputs["probabilities"], shares, atol=1e-5)
    scores = outputs["outlier_score"]
    assert scores.shape == (300,) and scores.dtype == np.float32
    assert np.sort(scores) == pytest.approx(np.linspace(0, 1, 300), abs=0.02)
    flat = np.full((1, 8, 8, 1), 255, np.uint8)
    assert saved.outputs(folder, saved.batches(images=flat))["outlier_score"][0] > 0.95


def test_the_features_inside_it_are_found(made) -> None:  # type: ignore[no-untyped-def]
    folder, net, data = made
    images = data.test.images()
    np.testing.assert_allclose(
        saved.features(folder, images), feature_extractor(net)(images.astype("float32"))[-1], atol=1e-4
    )


def test_a_generator_draws_from_the_share_of_noise_that_its_recipe_says(tmp_path: Path) -> None:
    keras.utils.set_random_seed(4)
    split = Split.of(np.zeros((4, 8, 8, 1), np.uint8), np.arange(4) % 2)
    data = Dataset("any", ("0", "1"), "digit", split, split, split)
    plans = [load_recipe("digits-gan", ["net.widths=[8, 4]", f"truncation={share}"]) for share in (1.0, 0.5)]
    net = gan.build_generator(plans[0].gan, 8, 1, 2)
    whole_noise, half = (export_generator(net, data, Run(tmp_path / str(plan.truncation), plan)) for plan in plans)

    def drawn(folder: Path, truncation: float) -> np.ndarray:
        asked = {"seeds": np.arange(6), "labels": np.arange(6, dtype=np.int32) % 2}
        asked["truncation"] = np.full(6, truncation, np.float32)
        return saved.outputs(folder, [asked])["images"]

    np.testing.assert_array_equal(drawn(half, 1.0), drawn(whole_noise, 0.5))
    assert (drawn(half, 1.0) != drawn(whole_noise, 1.0)).any()
