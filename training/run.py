"""The folder of one training run: its recipe, checkpoints, history, logs, curves and candidate."""

import csv
import shutil
from dataclasses import dataclass
from pathlib import Path

from training.errors import RecipeError
from training.recipes.schema import Recipe
from training.recipes.stored import is_dump_of, to_json

RUNS = Path("runs")

Rows = list[dict[str, float]]  # a run's history, one row per epoch


@dataclass(frozen=True)
class Run:
    folder: Path
    recipe: Recipe

    @property
    def recipe_file(self) -> Path:
        """The recipe as it was when the run started."""
        return self.folder / "recipe.json"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def best_weights(self) -> Path:
        """The weights of the best epoch; of averaged weights, those of the last epoch."""
        return self.folder / "best.weights.h5"

    @property
    def history(self) -> Path:
        return self.folder / "history.csv"

    @property
    def mistakes(self) -> Path:
        return self.folder / "mistakes.png"

    @property
    def candidate(self) -> Path:
        """The servable that the run made, with the layout of a version under `models/`."""
        return self.folder / "candidate"

    def load_history(self) -> Rows:
        """One row per epoch; empty if there is no history yet."""
        if not self.history.exists():
            return []
        with self.history.open() as lines:
            rows = list(csv.DictReader(lines))
        return [{key: float(value) for key, value in row.items() if value != "NA"} for row in rows]

    def cut_history(self, epochs: int) -> None:
        """Keep only the rows of the first `epochs` epochs.

        An interrupted run may have written the row of an epoch that has no checkpoint and is trained again.
        """
        lines = self.history.read_text().splitlines(keepends=True) if self.history.exists() else []
        if len(lines) > epochs + 1:
            part = self.history.with_suffix(".part")
            part.write_text("".join(lines[: epochs + 1]))
            part.replace(self.history)


def open_run(recipe: Recipe, fresh: bool) -> Run:
    """The recipe's run, to start or to resume. Raises RecipeError if the folder has a run with other options."""
    run = Run(RUNS / recipe.name, recipe)
    if fresh:
        shutil.rmtree(run.folder, ignore_errors=True)
    if run.recipe_file.exists() and not is_dump_of(run.recipe_file.read_text(), recipe):
        raise RecipeError(
            f"{run.folder} has a run of recipe '{recipe.name}' with other options. "
            "Give the same options to resume it, or --fresh to start again."
        )
    run.folder.mkdir(parents=True, exist_ok=True)
    run.recipe_file.write_text(to_json(recipe))
    return run


def join_run(recipe: Recipe) -> Run:
    """The run that the chief has opened. Raises RecipeError if this worker does not see the same run."""
    run = Run(RUNS / recipe.name, recipe)
    if not run.recipe_file.exists() or not is_dump_of(run.recipe_file.read_text(), recipe):
        raise RecipeError(
            f"{run.folder} is not the run that the chief opened: all workers need the same runs/ folder and options."
        )
    return run


def find_turning_point(rows: Rows) -> int:
    """The epoch with the lowest validation loss, counted from 1: later epochs overfit."""
    return min(range(len(rows)), key=lambda index: rows[index]["val_loss"]) + 1
