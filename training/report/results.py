"""The finished runs that the report describes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.manifest import MANIFEST_PATH, TrainedManifest
from training.export.manifest import read_manifest
from training.model_store import find_newest_version
from training.recipes.loading import load_recipe
from training.recipes.schema import Recipe
from training.run import RUNS, Run


@dataclass(frozen=True)
class FinishedRun:
    """A recipe's run and its servable: the candidate, or the published version if the run is on another machine."""

    recipe: Recipe
    run: Run
    servable: Path
    manifest: TrainedManifest

    @property
    def is_local(self) -> bool:
        """Whether the run is on this machine."""
        return self.servable == self.run.candidate

    @property
    def epochs(self) -> int:
        """The number of epochs of training. A published version may come from an earlier form of the recipe."""
        published: int = self.manifest.facts["recipe"].get("epochs", self.recipe.epochs)
        return len(self.run.load_history()) or published

    @property
    def card(self) -> Path | None:
        """The model card of the published version, None if nothing is published."""
        published = find_newest_version(self.recipe.publishes)
        return (published / MANIFEST_PATH).with_name("README.md") if published else None

    @property
    def test(self) -> dict[str, Any]:
        """The figures of the final test; empty if there was none."""
        facts: dict[str, Any] = self.manifest.facts
        return facts.get("test") or {} if facts["recipe"]["name"] == self.recipe.name else {}


def find_finished_run(name: str) -> FinishedRun | None:
    """The finished run of recipe `name`, None if there is none."""
    recipe = load_recipe(name)
    run = Run(RUNS / name, recipe)
    for servable in (run.candidate, find_newest_version(recipe.publishes)):
        if servable and (servable / MANIFEST_PATH).exists():
            finished = FinishedRun(recipe, run, servable, read_manifest(servable))
            if finished.test:
                return finished
    return None
