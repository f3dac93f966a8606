"""Publishes a run's candidate under `models/`, unless it is worse than the published version."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from service.manifest import MANIFEST_PATH
from training import model_store
from training.data import Dataset, load
from training.errors import PublishError
from training.evaluation.figures import (
    measure_classifier,
    measure_explanations,
    measure_gan_train,
    measure_generator,
    measure_robustness,
)
from training.evaluation.gan_metrics import draw_nearest, draw_samples
from training.evaluation.synthetic_digits import measure_pictures
from training.export.manifest import read_manifest
from training.model_store import find_newest_version, list_versions
from training.publish.litert_form import make_form
from training.publish.model_card import NEAREST_FILE, write_card
from training.recipes.schema import Quantisation
from training.recipes.stored import parse_stored_data

JUDGES = {"mnist": "digits"}  # by data set: the servable that classifies the samples of a generator trained on it


class Criterion(NamedTuple):
    higher_is_better: bool
    tolerance: float  # smaller differences are noise on these test sets


# the figures that versions are compared by; a figure by kind is compared by its worst kind
CRITERIA = {
    "accuracy": Criterion(True, 0.0005),
    "ece": Criterion(False, 0.005),
    "read_as_label": Criterion(True, 0.002),
    "frechet": Criterion(False, 0.02),
    "hands": Criterion(True, 0.01),
    "photos": Criterion(True, 0.03),
    "outliers": Criterion(True, 0.01),
}


@dataclass(frozen=True)
class Comparison:
    """The figures of a candidate and of the published version, empty if there is none; `str` gives a table."""

    candidate: dict[str, Any]
    current: dict[str, Any]

    @property
    def worse_figures(self) -> list[str]:
        """The figures by which the candidate is worse by more than noise."""
        common = [name for name in CRITERIA if name in self.candidate and name in self.current]
        return [name for name in common if self._compute_decline(name) > CRITERIA[name].tolerance]

    def _compute_decline(self, name: str) -> float:
        """How much worse the candidate is than the published version; negative if it is better."""
        decline = float(self.current[name] - self.candidate[name])
        return decline if CRITERIA[name].higher_is_better else -decline

    def __str__(self) -> str:
        lines = [f"{'figure':14} {'candidate':>9} {'published':>9}"]
        for name in (name for name in CRITERIA if name in self.candidate):
            published = f"{self.current[name]:.4f}" if name in self.current else "none"
            verdict = "  worse" if name in self.worse_figures else ""
            lines.append(f"{name:14} {self.candidate[name]:>9.4f} {published:>9}{verdict}")
        return "\n".join(lines)


def measure(version_dir: Path, data: Dataset) -> dict[str, Any]:
    """Every figure of a servable's card, on the test split; those of digits and of a generator take minutes.

    Raises PublishError if the classifier that judges a generator is not published.
    """
    data = match_image_size(version_dir, data)
    figures = measure_fast(version_dir, data)
    if read_manifest(version_dir).kind == "generator":
        return figures | measure_gan_train(version_dir, data)
    return figures | {"pictures": measure_pictures(version_dir, data.test)} if data.name == "mnist" else figures


def measure_fast(version_dir: Path, data: Dataset, robustness: bool = True) -> dict[str, Any]:
    """The figures of `measure` that take seconds: all that versions are compared by. Raises PublishError.

    Without `robustness`, a classifier is measured on its own data alone, and its explanations are not.
    """
    data = match_image_size(version_dir, data)
    if read_manifest(version_dir).kind == "classifier":
        figures = measure_classifier(version_dir, data.test).as_dict()
        if not robustness:
            return figures
        return figures | measure_robustness(version_dir, data) | measure_explanations(version_dir, data.test)
    judge_dir = find_judge(data)
    if judge_dir is None:
        raise PublishError("The published 'digits' judges the samples of a generator: publish it first.")
    return measure_generator(version_dir, judge_dir, data)


def find_judge(data: Dataset) -> Path | None:
    """The published classifier that reads the samples of a generator trained on that data."""
    return find_newest_version(JUDGES.get(data.name, ""))


def add_form(version_dir: Path, data: Dataset, quantisation: Quantisation) -> dict[str, Any]:
    """Give a published version a LiteRT form, and write its card again. Returns the form's figures, and raises
    PublishError, as make_form."""
    figures = make_form(version_dir, match_image_size(version_dir, data), quantisation, find_judge(data))
    _write_card(version_dir)
    return figures


def match_image_size(version_dir: Path, data: Dataset) -> Dataset:
    """The same data at the image size of that version, because the recipe may have changed the size since."""
    manifest = read_manifest(version_dir)
    size, config = manifest.image.height, manifest.facts["recipe"].get("data")
    if config is None or size == data.test.shape[0]:
        return data
    return load(parse_stored_data({**config, "size": size, "train_size": None}))


def compare(candidate: Path, data: Dataset) -> Comparison:
    """Measures the candidate and the published version, both now and on the same test data. Raises PublishError."""
    manifest = read_manifest(candidate)
    if "test" not in manifest.facts:
        raise PublishError(f"{candidate} has no test figures, because its training did not finish.")
    current = find_newest_version(manifest.name)
    return Comparison(
        _take_worst_kinds(measure_fast(candidate, data)),
        _take_worst_kinds(measure_fast(current, data)) if current else {},
    )


def _take_worst_kinds(figures: dict[str, Any]) -> dict[str, Any]:
    """The same figures, with the lowest value in place of a value per kind; of all such figures, higher is better."""
    return {name: min(value.values()) if isinstance(value, dict) else value for name, value in figures.items()}


def publish(
    candidate: Path,
    data: Dataset,
    even_if_worse: bool = False,
    retire: bool = False,
    quantisation: Quantisation | None = None,
) -> tuple[Path, Comparison]:
    """Publishes the candidate as the next version; with `retire`, older versions are then removed.

    With `quantisation` it gets a LiteRT form of that kind.

    The copy is made under a temporary name and then renamed, so that no server loads half a model. Raises PublishError.
    """
    if not (candidate / "saved_model.pb").exists():
        raise PublishError(f"There is no candidate at {candidate}: train first.")
    comparison = compare(candidate, data)
    if comparison.worse_figures and not even_if_worse:
        raise PublishError(
            f"{comparison}\nNot published, because it would be worse. --even-if-worse publishes it anyway."
        )
    name = read_manifest(candidate).name
    older = list_versions(name)
    version_dir = model_store.MODELS / name / str(int(older[-1].name) + 1 if older else 1)
    temporary = version_dir.with_name(f".{version_dir.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    shutil.copytree(candidate, temporary)
    if quantisation is not None:
        make_form(temporary, match_image_size(temporary, data), quantisation, find_judge(data))
    _save_card(temporary, data)
    temporary.rename(version_dir)
    for path in older if retire else []:
        shutil.rmtree(path)
    return version_dir, comparison


def _write_card(version_dir: Path) -> None:
    (version_dir / MANIFEST_PATH).with_name("README.md").write_text(write_card(read_manifest(version_dir)))


def _save_card(version_dir: Path, data: Dataset) -> None:
    _write_card(version_dir)
    assets, manifest = (version_dir / MANIFEST_PATH).parent, read_manifest(version_dir)
    if manifest.kind == "generator":
        images, _ = draw_samples(version_dir, 2 * len(data.classes), len(data.classes))
        draw_nearest(images, data.train, assets / NEAREST_FILE)
