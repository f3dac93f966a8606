"""Trains several variants of one recipe, as most studies do."""

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


def train_variants(folder: Path, base: Recipe, variants: dict[str, Overrides]) -> list[dict[str, Any]]:
    """Trains every variant in a run of its own inside `folder`; `variants` has the overrides by label.

    Returns one dict per variant: `label`, test `accuracy`, `epochs` done and `rows` of its history.
    """
    return [
        _train_variant(label, with_overrides(base, _name_run(folder, label), overrides))
        for label, overrides in variants.items()
    ]


def compare_variants(folder: Path, base: Recipe, variants: dict[str, Overrides]) -> None:
    """Trains every variant, and writes the outcomes as the results of the study."""
    store.save(folder / "results.json", train_variants(folder, base, variants))


def _name_run(folder: Path, label: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
    return (folder / slug).relative_to(run.RUNS).as_posix()


def _train_variant(label: str, recipe: Recipe) -> dict[str, Any]:
    finished = pipeline.train(recipe, measure=partial(publish.measure_fast, robustness=False))
    accuracy, rows = read_manifest(finished.candidate).facts["test"]["accuracy"], finished.load_history()
    return {"label": label, "accuracy": accuracy, "epochs": len(rows), "rows": rows}
