"""The models that the repository ships, loaded as any server of SavedModels would and held to their figures."""

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
needs_pets = pytest.mark.skipif(not (DATA / "cat-and-dog.zip").exists(), reason="cats and dogs are not on this machine")


@cache
def _newest(name: str) -> Path:
    return max((MODELS / name).iterdir(), key=lambda path: int(path.name))


@cache
def _loaded(name: str) -> Any:
    return tf.saved_model.load(str(_newest(name)))


def _run(name: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
    outputs = _loaded(name).signatures["serving_default"](**{key: tf.constant(value) for key, value in inputs.items()})
    return {key: value.numpy() for key, value in outputs.items()}


def _all(name: str, output: str, images: np.ndarray) -> np.ndarray:
    return np.concatenate([_run(name, images=images[at : at + 100])[output] for at in range(0, len(images), 100)])


def _probabilities(name: str, images: np.ndarray) -> np.ndarray:
    return _all(name, "probabilities", images)


def _samples(seeds: list[int], labels: list[int], truncation: float = 1.0) -> np.ndarray:
    return _run(
        "digits-gan",
        seeds=np.array(seeds, np.int64),
        labels=np.array(labels, np.int32),
        truncation=np.full(len(seeds), truncation, np.float32),
    )["images"]


@pytest.mark.parametrize("name", ["digits", "cats-dogs"])
def test_a_classifier_gives_probabilities_and_a_score_through_its_signature(name: str) -> None:
    manifest = json.loads((_newest(name) / "assets.extra/servable.json").read_text())
    shape = [manifest["image"][side] for side in ("height", "width", "channels")]
    outputs = _run(name, images=np.zeros((3, *shape), np.uint8))
    assert {key: value.dtype for key, value in outputs.items()} == {"probabilities": "f4", "outlier_score": "f4"}
    assert outputs["outlier_score"].shape == (3,) and outputs["outlier_score"].min() >= 0
    assert outputs["probabilities"].shape == (3, len(manifest["labels"]))
    np.testing.assert_allclose(outputs["probabilities"].sum(axis=1), 1, rtol=1e-5)


def test_the_repository_of_models_stays_small() -> None:
    assert sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file()) < 25 << 20


@pytest.mark.parametrize("name", ["digits", "cats-dogs", "digits-gan"])
def test_every_model_has_a_card_and_a_manifest(name: str) -> None:
    version = _newest(name)
    facts = json.loads((version / "assets.extra/servable.json").read_text())["facts"]
    assert facts["recipe"]["publishes"] == name and facts["data"]["fingerprint"] and facts["test"]
    assert (version / "assets.extra/README.md").read_text().startswith(f"# {name}")


def test_a_seed_is_one_image_alone_and_among_others() -> None:
    labels = [seed % 11 - 1 for seed in range(40)]
    among = _samples(list(range(40)), labels).astype(int)
    assert among.shape == (40, 28, 28, 1)
    for seed in (0, 7, 39):
        alone = _samples([seed], [labels[seed]]).astype(int)[0]
        assert np.abs(alone - among[seed]).max() <= 1, "at most one grey level apart"
    assert len({image.tobytes() for image in among}) == 40


def test_truncation_brings_samples_of_a_label_nearer_to_each_other() -> None:
    seeds, labels = list(range(100)), [3] * 100
    spread = {at: _samples(seeds, labels, at).astype(float).std(axis=0).mean() for at in (0.3, 1.0)}
    assert spread[0.3] < 0.8 * spread[1.0]


def test_samples_of_a_label_are_read_as_that_label() -> None:
    seeds = list(range(100_000, 102_000))
    labels = np.arange(2000) % 10
    read = _probabilities("digits", _samples(seeds, labels.tolist())).argmax(axis=1)
    assert (read == labels).mean() >= 0.97


@needs_mnist
def test_digits_on_the_test_set_of_mnist() -> None:
    with np.load(DATA / "mnist.npz") as raw:
        images, labels = raw["x_test"][..., None], raw["y_test"]
    assert (_probabilities("digits", images).argmax(axis=1) == labels).mean() >= 0.993


@needs_mnist
def test_digits_gives_other_pictures_a_high_outlier_score() -> None:
    """A share of 95% of digits to keep, by the score's own meaning, and what it then lets through."""
    from service.images import digit
    from training.data.out_of_distribution import scikit_image_pictures

    with np.load(DATA / "mnist.npz") as raw:
        known = _all("digits", "outlier_score", raw["x_test"][..., None])
    others = _all("digits", "outlier_score", np.stack([digit(each, 28, 28, 1) for each in scikit_image_pictures()]))
    assert 0.9 < (known < 0.95).mean() < 0.98
    assert (others < 0.95).mean() < 0.2


@needs_pets
def test_cats_dogs_on_its_test_set_with_the_services_treatment() -> None:
    import zipfile

    from service.images import ImageInput, prepare

    archive = zipfile.ZipFile(DATA / "cat-and-dog.zip")
    names = [name for name in archive.namelist() if "test_set" in name and name.endswith(".jpg")]
    assert len(names) == 2000
    form = json.loads((_newest("cats-dogs") / "assets.extra/servable.json").read_text())["image"]
    images = np.stack([prepare(archive.read(name), ImageInput(**form)) for name in names])
    said = _probabilities("cats-dogs", images).argmax(axis=1)
    assert (said == [("dog." in name) for name in names]).mean() >= 0.92
