"""Putting a run's candidate in its place under `models/`, unless it is worse than what is there."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training import card, evaluate, export
from training.data import Dataset

MODELS = Path("models")
TOLERANCE = 0.0005  # a difference of half a promille is noise on these test sets
JUDGES = {"mnist": "digits"}  # the servable that reads what a generator trained on that data draws


class PublishError(Exception):
    """There is nothing to publish, or it is worse than what is published; the text says which."""


@dataclass(frozen=True)
class Comparison:
    """One figure, higher is better, of the candidate and of the version it would replace (None: there is none)."""

    figure: str
    candidate: float
    current: float | None

    @property
    def worse(self) -> bool:
        return self.current is not None and self.candidate < self.current - TOLERANCE

    def __str__(self) -> str:
        before = "nothing published yet" if self.current is None else f"published {self.current:.4f}"
        return f"{self.figure}: candidate {self.candidate:.4f}, {before}"


def newest(name: str) -> Path | None:
    """The highest version of a servable."""
    found = [path for path in (MODELS / name).glob("*") if path.name.isdecimal()]
    return max(found, key=lambda path: int(path.name), default=None)


def measure(version_dir: Path, data: Dataset) -> dict[str, Any]:
    """The test figures of a servable; a generator's need a published classifier of the same labels to judge it.

    Raises PublishError if there is no such judge.
    """
    if export.manifest(version_dir)["kind"] == "classifier":
        return evaluate.classifier(version_dir, data.test).as_dict()
    judge = newest(JUDGES.get(data.name, ""))
    if judge is None:
        raise PublishError("Samples are judged by the published 'digits': publish that first.")
    return evaluate.generator(version_dir, judge, len(data.classes)).as_dict()


def compare(candidate: Path, data: Dataset) -> Comparison:
    """The candidate's figure from its own final test beside the current version's, measured now on the same data."""
    manifest = export.manifest(candidate)
    if "test" not in manifest["facts"]:
        raise PublishError(f"{candidate} has no test figures: its training did not end well.")
    figure = "accuracy" if manifest["kind"] == "classifier" else "read_as_label"
    current = newest(manifest["name"])
    before = measure(current, data)[figure] if current else None
    return Comparison(figure, manifest["facts"]["test"][figure], before)


def publish(candidate: Path, data: Dataset, even_if_worse: bool = False) -> tuple[Path, Comparison]:
    """Copy beside its place and rename into it: nobody ever loads half a model. Raises PublishError."""
    if not (candidate / "saved_model.pb").exists():
        raise PublishError(f"There is no candidate at {candidate}: train first.")
    outcome = compare(candidate, data)
    if outcome.worse and not even_if_worse:
        raise PublishError(f"Not published, it would be worse. {outcome}. Give --even-if-worse to publish it anyway.")
    home = MODELS / export.manifest(candidate)["name"]
    last = newest(home.name)
    place = home / str(int(last.name) + 1 if last else 1)
    beside = home / f".{place.name}.part"
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(candidate, beside)
    manifest = export.manifest(beside)
    (export.manifest_path(beside).parent / "README.md").write_text(card.write(manifest))
    return beside.rename(place), outcome
