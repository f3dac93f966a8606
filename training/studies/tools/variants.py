"""The same recipe trained in several variants: what most studies are."""

import re
from functools import partial
from pathlib import Path
from typing import Any

from training import pipeline, run
from training.export.manifest import read_manifest
from training.publish import publish
from training.recipes.loading import with_overrides
from training.recipes.schema import Recipe
from training.studies.tools import store

Overrides = list[str]


def train(place: Path, base: Recipe, variants: dict[str, Overrides]) -> list[dict[str, Any]]:
    """Each variant as a run in the folder `place`: its label, its history and the test figure of its candidate."""
    return [
        _outcome(place, label, with_overrides(base, _name(place, label), change)) for label, change in variants.items()
    ]


def conduct(place: Path, base: Recipe, variants: dict[str, Overrides]) -> None:
    """A whole study that is nothing but variants."""
    store.save(place / "results.json", train(place, base, variants))


def _name(place: Path, label: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
    return (place / slug).relative_to(run.RUNS).as_posix()


def _outcome(place: Path, label: str, recipe: Recipe) -> dict[str, Any]:
    done = pipeline.train(recipe, measure=partial(publish.figures, beyond=False))
    accuracy = read_manifest(done.candidate).facts["test"]["accuracy"]
    return {"label": label, "accuracy": accuracy, "epochs": len(done.load_history()), "rows": done.load_history()}
