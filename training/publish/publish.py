"""Putting a run's candidate in its place under `models/`, unless it is worse than what is there."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.manifest import MANIFEST_PATH
from training import model_store
from training.data import Dataset, load
from training.errors import PublishError
from training.evaluation.figures import measure_classifier, measure_gan_train, measure_generator, measure_robustness
from training.evaluation.gan_metrics import draw_nearest, draw_samples
from training.export.manifest import read_manifest
from training.model_store import find_newest_version, list_versions
from training.publish.model_card import NEAREST, write_card
from training.recipes.stored import parse_stored_data

JUDGES = {"mnist": "digits"}  # the servable that reads what a generator trained on that data draws

# by figure: whether more is better, and how much worse is noise on these test sets; of several kinds, the worst counts
FIGURES = {
    "accuracy": (True, 0.0005),
    "ece": (False, 0.005),
    "read_as_label": (True, 0.002),
    "frechet": (False, 0.02),
    "hands": (True, 0.01),
    "outliers": (True, 0.01),
}


@dataclass(frozen=True)
class Comparison:
    """The figures of a candidate and of the version it would replace, which may have none; as text, a table."""

    candidate: dict[str, Any]
    current: dict[str, Any]

    @property
    def worse(self) -> list[str]:
        """The figures that are worse by more than noise."""
        return [name for name in FIGURES if name in self.candidate and self._compute_decline(name) > FIGURES[name][1]]

    def _compute_decline(self, name: str) -> float:
        lost = self.current.get(name, self.candidate[name]) - self.candidate[name]
        return float(lost if FIGURES[name][0] else -lost)

    def __str__(self) -> str:
        lines = [f"{'figure':14} {'candidate':>9} {'published':>9}"]
        for name in (each for each in FIGURES if each in self.candidate):
            before = f"{self.current[name]:.4f}" if name in self.current else "none"
            verdict = "  worse" if name in self.worse else ""
            lines.append(f"{name:14} {self.candidate[name]:>9.4f} {before:>9}{verdict}")
        return "\n".join(lines)


def measure(version_dir: Path, data: Dataset) -> dict[str, Any]:
    """Every figure on a servable's card; a generator's need a published classifier of the same labels to judge it.

    Raises PublishError if there is no such judge.
    """
    data = _at_its_size(version_dir, data)
    found = figures(version_dir, data)
    if read_manifest(version_dir).kind == "classifier":
        return found
    return found | measure_gan_train(version_dir, data)


def _at_its_size(version_dir: Path, data: Dataset) -> Dataset:
    """The same pictures at the size that the version takes: the recipe may have changed it since."""
    manifest = read_manifest(version_dir)
    side, how = manifest.image.height, manifest.facts["recipe"].get("data")
    if how is None or side == data.test.shape[0]:
        return data
    return load(parse_stored_data({**how, "size": side, "train_size": None}))


def figures(version_dir: Path, data: Dataset, beyond: bool = True) -> dict[str, Any]:
    """Those of `measure` that take seconds, not minutes: all that versions are compared by. Raises PublishError.

    Without `beyond`, a classifier's are of its own data alone.
    """
    data = _at_its_size(version_dir, data)
    if read_manifest(version_dir).kind == "classifier":
        found = measure_classifier(version_dir, data.test).as_dict()
        return found | measure_robustness(version_dir, data) if beyond else found
    judge = find_newest_version(JUDGES.get(data.name, ""))
    if judge is None:
        raise PublishError("Samples are judged by the published 'digits': publish that first.")
    return measure_generator(version_dir, judge, data)


def compare(candidate: Path, data: Dataset) -> Comparison:
    """The candidate beside the current version, both measured now, on the same test data. Raises PublishError."""
    manifest = read_manifest(candidate)
    if "test" not in manifest.facts:
        raise PublishError(f"{candidate} has no test figures: its training did not end well.")
    current = find_newest_version(manifest.name)
    return Comparison(_least(figures(candidate, data)), _least(figures(current, data)) if current else {})


def _least(found: dict[str, Any]) -> dict[str, Any]:
    """The same figures, with the least in place of those that have one a kind."""
    return {name: min(value.values()) if isinstance(value, dict) else value for name, value in found.items()}


def publish(
    candidate: Path, data: Dataset, even_if_worse: bool = False, retire: bool = False
) -> tuple[Path, Comparison]:
    """Copy beside its place and rename into it: nobody ever loads half a model. With `retire`, older versions go.

    Raises PublishError.
    """
    if not (candidate / "saved_model.pb").exists():
        raise PublishError(f"There is no candidate at {candidate}: train first.")
    outcome = compare(candidate, data)
    if outcome.worse and not even_if_worse:
        raise PublishError(f"{outcome}\nNot published, it would be worse. Give --even-if-worse to publish it anyway.")
    name = read_manifest(candidate).name
    home, older = model_store.MODELS / name, list_versions(name)
    place = home / str(int(older[-1].name) + 1 if older else 1)
    beside = home / f".{place.name}.part"
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(candidate, beside)
    _write_card(beside, data)
    beside.rename(place)
    for path in older if retire else []:
        shutil.rmtree(path)
    return place, outcome


def _write_card(version_dir: Path, data: Dataset) -> None:
    extra, manifest = (version_dir / MANIFEST_PATH).parent, read_manifest(version_dir)
    (extra / "README.md").write_text(write_card(manifest))
    if manifest.kind == "generator":
        images, _ = draw_samples(version_dir, 2 * len(data.classes), len(data.classes))
        draw_nearest(images, data.train, extra / NEAREST)
