"""Drift is near 0 for pictures like those of the test set, large for others, and unknown for few."""

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from prometheus_client import REGISTRY
from prometheus_client.mmap_dict import MmapedDict

from service import metrics
from service.catalog import Catalog, Model, Version
from service.engine.drift import MIN_IMAGES, STEP, WINDOW, DriftGauges
from service.engine.drift_reference import compute_psi, read_references
from service.images import ImageInput
from service.manifest import TrainedManifest, write_manifest
from tests.unit.service.conftest import FakeClock

LABELS = ("cat", "dog")
CONFUSION = [[600, 0], [100, 300]]  # predicted: 700 cats, 300 dogs
CONFIDENCE = [0] * 10 + [10, 10, 20, 20, 40, 50, 50, 100, 200, 500]
DISTRIBUTIONS = ("labels", "confidence", "outlier_score")
MODELS = Path(__file__).parents[4] / "models"


def make_manifest(**test: Any) -> TrainedManifest:
    return TrainedManifest("pets", "classifier", LABELS, ImageInput(8, 8, 3, "photo"), {"test": test})


class Pets:
    """A model's folder, and what its workers have counted: `count` adds predictions."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.manifest = make_manifest(confusion=CONFUSION, confidence=CONFIDENCE)
        write_manifest(folder / "pets/1", self.manifest)
        self._metrics = folder / "metrics"
        self._metrics.mkdir()
        self._counts: dict[str, NDArray] = {
            "labels": np.zeros(2),
            "confidence": np.zeros(20),
            "outlier_score": np.zeros(21),
        }
        self._drift, self._clock = DriftGauges(folder, self._metrics, clock), clock
        self.count(0)

    def count(self, images: int, **shares: Any) -> None:
        """Count so many images, drawn from the shares of each distribution, by default those of the test set."""
        generator = np.random.default_rng(0)
        references = read_references(self._metrics.parent / "pets/1")
        for name, counts in self._counts.items():
            counts += generator.multinomial(images, shares.get(name, references[name]))
        counter, histogram = {}, {}
        for label, count in zip(LABELS, self._counts["labels"], strict=True):
            counter["inkpaw_predictions", "inkpaw_predictions_total", "label", label] = count
        for name, bounds in (("confidence", metrics.SHARE_BOUNDS), ("outlier_score", metrics.SCORE_BOUNDS)):
            for bound, count in zip((*bounds, "+Inf"), [*self._counts[name], 0], strict=True):
                histogram[f"inkpaw_{name}", f"inkpaw_{name}_bucket", "le", str(bound)] = count
        self._write("counter", counter)
        self._write("histogram", histogram)

    def _write(self, kind: str, values: dict[tuple[str, ...], float]) -> None:
        path = self._metrics / f"{kind}_{os.getpid()}.db"
        path.unlink(missing_ok=True)
        file = MmapedDict(str(path))
        for (name, sample, label, value), count in values.items():
            labels = {"model": "pets", "version": "1", label: value}
            file.write_value(json.dumps([name, sample, labels, "Help."]), float(count), 0.0)
        file.close()

    def measure(self, seconds: float = STEP, generation: int = 1) -> dict[str, float]:
        """The gauges after that time."""
        self._clock.now += seconds
        self._drift.update(
            Catalog(generation, {"pets": Model("pets", {1: Version(1, "AVAILABLE", "", self.manifest)})})
        )
        values = {
            name: REGISTRY.get_sample_value("inkpaw_drift", {"model": "pets", "version": "1", "distribution": name})
            for name in DISTRIBUTIONS
        }
        return {name: value for name, value in values.items() if value is not None}


@pytest.fixture
def pets(tmp_path: Path, clock: FakeClock) -> Pets:
    pets = Pets(tmp_path, clock)
    pets.measure()
    return pets


def test_pictures_like_those_of_the_test_set_are_no_drift(pets: Pets) -> None:
    pets.count(MIN_IMAGES)
    drift = pets.measure()
    assert set(drift) == set(DISTRIBUTIONS)
    assert all(0 <= value < 0.05 for value in drift.values())


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_shift_of_one_distribution_is_drift_of_that_one(pets: Pets, name: str) -> None:
    shares = {"labels": [0.1, 0.9], "confidence": [1 / 20] * 20, "outlier_score": [0.0] * 15 + [1 / 6] * 6}[name]
    pets.count(MIN_IMAGES, **{name: shares})
    drift = pets.measure()
    assert drift.pop(name) > 0.25
    assert all(value < 0.05 for value in drift.values())


def test_drift_of_few_images_is_unknown(pets: Pets) -> None:
    pets.count(MIN_IMAGES - 1)
    assert all(math.isnan(value) for value in pets.measure().values())
    pets.count(1)
    assert not any(math.isnan(value) for value in pets.measure().values())


def test_what_was_counted_before_the_window_is_forgotten(pets: Pets) -> None:
    pets.count(MIN_IMAGES, labels=[0.0, 1.0])
    assert pets.measure()["labels"] > 0.25
    pets.count(MIN_IMAGES)
    assert pets.measure()["labels"] > 0.05
    pets.measure(WINDOW - STEP)
    pets.count(MIN_IMAGES)
    assert pets.measure()["labels"] < 0.05
    pets.measure(WINDOW)
    assert math.isnan(pets.measure(STEP)["labels"])


def test_metrics_are_read_once_per_step(pets: Pets) -> None:
    pets.count(MIN_IMAGES)
    assert math.isnan(pets.measure(STEP / 2)["labels"])
    assert not math.isnan(pets.measure(STEP / 2)["labels"])


def test_version_is_reported_as_soon_as_it_is_loaded(pets: Pets) -> None:
    for name in DISTRIBUTIONS:
        metrics.DRIFT.labels("pets", "1", name).set(7)
    assert set(pets.measure(1.0).values()) == {7}
    assert all(math.isnan(value) for value in pets.measure(1.0, generation=2).values())


def test_every_published_classifier_has_all_references() -> None:
    folders = [path.parents[1] for path in MODELS.glob("*/[0-9]*/assets.extra/servable.json")]
    references = {folder.parent.name: read_references(folder) for folder in folders}
    assert {name for name, found in references.items() if set(found) == set(DISTRIBUTIONS)} == {"digits", "cats-dogs"}
    assert references["digits-gan"] == {}
    for found in references.values():
        for shares in found.values():
            assert shares.sum() == pytest.approx(1) and (shares > 0).all()


@pytest.mark.parametrize(
    "test",
    [
        {"confusion": "none", "confidence": None},
        {"confusion": [[1, 2]], "confidence": [1, 2, 3]},
        {"confusion": [[0, 0], [0, 0]], "confidence": [0] * 20},
        {"confusion": [[1], [2, 3]], "confidence": {}},
    ],
)
def test_facts_of_another_form_are_no_reference(tmp_path: Path, test: dict[str, Any]) -> None:
    write_manifest(tmp_path, make_manifest(**test))
    assert set(read_references(tmp_path)) == {"outlier_score"}


def test_version_without_a_manifest_has_no_reference(tmp_path: Path) -> None:
    assert read_references(tmp_path) == {}


def test_index_is_zero_for_equal_shares_and_grows_with_the_shift() -> None:
    reference = np.array([0.5, 0.5])
    assert compute_psi(np.array([500.0, 500.0]), reference) == pytest.approx(0)
    values = [compute_psi(np.array([500.0 + shift, 500.0 - shift]), reference) for shift in (100, 300, 500)]
    assert values == sorted(values) and math.isfinite(values[-1])
    assert values[0] == pytest.approx(0.1 * math.log(0.6 / 0.4), rel=0.02)
