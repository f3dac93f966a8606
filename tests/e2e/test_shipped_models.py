"""The models in the repository, loaded as plain SavedModels and checked against their figures."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("DATA_DIR") or ROOT / "data")
MODELS = ROOT / "models"

needs_mnist = pytest.mark.skipif(not (DATA / "mnist.npz").exists(), reason="MNIST is not on this machine")
needs_cats_dogs = pytest.mark.skipif(
    not (DATA / "cat-and-dog.zip").exists(), reason="cats and dogs are not on this machine"
)


@cache
def _find_newest(name: str) -> Path:
    return max((MODELS / name).iterdir(), key=lambda path: int(path.name))


@cache
def _load(name: str) -> Any:
    return tf.saved_model.load(str(_find_newest(name)))


def _run(name: str, signature: str = "serving_default", **inputs: np.ndarray) -> dict[str, np.ndarray]:
    outputs = _load(name).signatures[signature](**{key: tf.constant(value) for key, value in inputs.items()})
    return {key: value.numpy() for key, value in outputs.items()}


def _run_in_batches(name: str, output: str, images: np.ndarray) -> np.ndarray:
    return np.concatenate(
        [_run(name, images=images[start : start + 100])[output] for start in range(0, len(images), 100)]
    )


def _compute_probabilities(name: str, images: np.ndarray) -> np.ndarray:
    return _run_in_batches(name, "probabilities", images)


def _generate(seeds: list[int], labels: list[int], truncation: float = 1.0) -> np.ndarray:
    return _run(
        "digits-gan",
        seeds=np.array(seeds, np.int64),
        labels=np.array(labels, np.int32),
        truncation=np.full(len(seeds), truncation, np.float32),
    )["images"]


@pytest.mark.parametrize("name", ["digits", "cats-dogs"])
def test_a_classifier_gives_probabilities_and_a_score_through_its_signature(name: str) -> None:
    manifest = json.loads((_find_newest(name) / "assets.extra/servable.json").read_text())
    shape = [manifest["image"][side] for side in ("height", "width", "channels")]
    outputs = _run(name, images=np.zeros((3, *shape), np.uint8))
    assert {key: value.dtype for key, value in outputs.items()} == {"probabilities": "f4", "outlier_score": "f4"}
    assert outputs["outlier_score"].shape == (3,) and outputs["outlier_score"].min() >= 0
    assert outputs["probabilities"].shape == (3, len(manifest["labels"]))
    np.testing.assert_allclose(outputs["probabilities"].sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", ["digits", "cats-dogs"])
def test_averages_of_the_maps_are_the_answer(name: str) -> None:
    manifest = json.loads((_find_newest(name) / "assets.extra/servable.json").read_text())
    shape = [manifest["image"][side] for side in ("height", "width", "channels")]
    images = np.random.default_rng(0).integers(0, 256, (3, *shape)).astype(np.uint8)
    explained = _run(name, "explain", images=images)
    averages = np.exp(explained["maps"].mean(axis=(1, 2)))
    np.testing.assert_allclose(averages / averages.sum(axis=1, keepdims=True), explained["probabilities"], atol=1e-5)
    np.testing.assert_array_equal(explained["probabilities"], _run(name, images=images)["probabilities"])
    deletion = manifest["facts"]["test"]["deletion"]
    assert deletion["hottest"] > 5 * deletion["random"]


def test_a_walk_begins_and_ends_with_the_images_of_its_seeds() -> None:
    seeds, labels = list(range(12)), [seed - 1 for seed in range(12 - 1)] + [-1]
    inputs = {"seeds_from": np.array(seeds), "seeds_to": np.array(seeds) + 50, "labels": np.array(labels, np.int32)}
    for position, ends in ((0.0, seeds), (1.0, [seed + 50 for seed in seeds])):
        places = {"position": np.full(12, position, np.float32), "truncation": np.ones(12, np.float32)}
        images = _run("digits-gan", "walk", **inputs, **places)["images"]
        np.testing.assert_array_equal(images, _generate(ends, labels))


def test_the_shipped_models_stay_small() -> None:
    assert sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file()) < 27 << 20


@pytest.mark.parametrize("name", ["digits", "cats-dogs", "digits-gan"])
def test_every_model_has_a_card_and_a_manifest(name: str) -> None:
    version = _find_newest(name)
    facts = json.loads((version / "assets.extra/servable.json").read_text())["facts"]
    assert facts["recipe"]["publishes"] == name and facts["data"]["fingerprint"] and facts["test"]
    assert (version / "assets.extra/README.md").read_text().startswith(f"# {name}")


def test_seed_gives_the_same_image_alone_and_in_a_batch() -> None:
    labels = [seed % 11 - 1 for seed in range(40)]
    batch = _generate(list(range(40)), labels).astype(int)
    assert batch.shape == (40, 28, 28, 1)
    for seed in (0, 7, 39):
        alone = _generate([seed], [labels[seed]]).astype(int)[0]
        assert np.abs(alone - batch[seed]).max() <= 1, "at most one grey level apart"
    assert len({image.tobytes() for image in batch}) == 40


def test_lower_truncation_gives_more_similar_samples() -> None:
    seeds, labels = list(range(100)), [3] * 100
    spread = {
        truncation: _generate(seeds, labels, truncation).astype(float).std(axis=0).mean() for truncation in (0.3, 1.0)
    }
    assert spread[0.3] < 0.8 * spread[1.0]


def test_samples_of_a_label_are_read_as_that_label() -> None:
    seeds = list(range(100_000, 102_000))
    labels = np.arange(2000) % 10
    predicted = _compute_probabilities("digits", _generate(seeds, labels.tolist())).argmax(axis=1)
    assert (predicted == labels).mean() >= 0.97


@needs_mnist
def test_digits_accuracy_on_the_mnist_test_set() -> None:
    with np.load(DATA / "mnist.npz") as raw:
        images, labels = raw["x_test"][..., None], raw["y_test"]
    assert (_compute_probabilities("digits", images).argmax(axis=1) == labels).mean() >= 0.993


@needs_mnist
def test_digits_gives_other_pictures_a_high_outlier_score() -> None:
    """The score keeps about 95% of digits below 0.95, as it is defined, and few other pictures."""
    from training.data import load
    from training.data.out_of_distribution import prepare_chunks, scikit_image_pictures
    from training.recipes.data_schema import MnistData

    with np.load(DATA / "mnist.npz") as raw:
        known = _run_in_batches("digits", "outlier_score", raw["x_test"][..., None])
    prepared = np.concatenate(list(prepare_chunks(scikit_image_pictures(), load(MnistData(size=28)))))
    others = _run_in_batches("digits", "outlier_score", prepared)
    assert 0.9 < (known < 0.95).mean() < 0.98
    assert (others < 0.95).mean() < 0.2


@needs_cats_dogs
def test_cats_dogs_accuracy_on_its_test_set() -> None:
    import zipfile

    from service.images import ImageInput, prepare

    archive = zipfile.ZipFile(DATA / "cat-and-dog.zip")
    names = [name for name in archive.namelist() if "test_set" in name and name.endswith(".jpg")]
    assert len(names) == 2000
    image_input = json.loads((_find_newest("cats-dogs") / "assets.extra/servable.json").read_text())["image"]
    images = np.stack([prepare(archive.read(name), ImageInput(**image_input)) for name in names])
    predicted = _compute_probabilities("cats-dogs", images).argmax(axis=1)
    assert (predicted == [("dog." in name) for name in names]).mean() >= 0.92
