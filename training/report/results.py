"""The runs that have ended: what the report looks at."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.manifest import MANIFEST_PATH, TrainedManifest
from training.export.manifest import read_manifest
from training.model_store import newest_version
from training.recipes.loading import load_recipe
from training.recipes.schema import Recipe
from training.run import RUNS, Run


@dataclass(frozen=True)
class FinishedRun:
    """A recipe's run, and what came of it: its candidate, or where the run is not here what it published."""

    recipe: Recipe
    run: Run
    servable: Path
    manifest: TrainedManifest

    @property
    def here(self) -> bool:
        """Whether the run is on this machine."""
        return self.servable == self.run.candidate

    @property
    def epochs(self) -> int:
        """How many it was trained for: a published version may come from an earlier form of the recipe."""
        before: int = self.manifest.facts["recipe"].get("epochs", self.recipe.epochs)
        return len(self.run.rows()) or before

    @property
    def card(self) -> Path | None:
        """The model card of what is published."""
        published = newest_version(self.recipe.publishes)
        return (published / MANIFEST_PATH).with_name("README.md") if published else None

    @property
    def test(self) -> dict[str, Any]:
        """The figures of the final test; empty if there was none."""
        facts: dict[str, Any] = self.manifest.facts
        return facts.get("test") or {} if facts["recipe"]["name"] == self.recipe.name else {}


def find_finished_run(name: str) -> FinishedRun | None:
    """None where no run of that recipe has ended."""
    plan = load_recipe(name)
    run = Run(RUNS / name, plan)
    for servable in (run.candidate, newest_version(plan.publishes)):
        if servable and (servable / MANIFEST_PATH).exists():
            ended = FinishedRun(plan, run, servable, read_manifest(servable))
            if ended.test:
                return ended
    return None
