"""The folder of one training run: its recipe, checkpoints, history, logs, curves and the candidate it made."""

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
    def note(self) -> Path:
        """The recipe as it was when the run began."""
        return self.folder / "recipe.json"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def best(self) -> Path:
        return self.folder / "best.weights.h5"

    @property
    def history(self) -> Path:
        return self.folder / "history.csv"

    @property
    def mistakes(self) -> Path:
        return self.folder / "mistakes.png"

    @property
    def candidate(self) -> Path:
        """The servable that the run made, laid out like a version under `models/`."""
        return self.folder / "candidate"

    def rows(self) -> Rows:
        """The history, a row an epoch."""
        if not self.history.exists():
            return []
        with self.history.open() as lines:
            rows = list(csv.DictReader(lines))
        return [{key: float(value) for key, value in row.items() if value != "NA"} for row in rows]

    def cut_history(self, epochs: int) -> None:
        """Keep the rows of so many epochs: a run that was cut off may have noted one that it has to do again."""
        lines = self.history.read_text().splitlines(keepends=True) if self.history.exists() else []
        if len(lines) > epochs + 1:
            part = self.history.with_suffix(".part")
            part.write_text("".join(lines[: epochs + 1]))
            part.replace(self.history)


def open_run(recipe: Recipe, fresh: bool) -> Run:
    """The recipe's run, to begin or to go on with. Raises RecipeError if the folder is another recipe's."""
    run = Run(RUNS / recipe.name, recipe)
    if fresh:
        shutil.rmtree(run.folder, ignore_errors=True)
    note = run.note
    if note.exists() and not is_dump_of(note.read_text(), recipe):
        raise RecipeError(
            f"{run.folder} holds a run of another form of recipe '{recipe.name}'. "
            "Give the same options to go on with it, or --fresh to begin again."
        )
    run.folder.mkdir(parents=True, exist_ok=True)
    note.write_text(to_json(recipe))
    return run


def join_run(recipe: Recipe) -> Run:
    """The run that another worker has opened. Raises RecipeError if it is not to be seen here."""
    run = Run(RUNS / recipe.name, recipe)
    if not run.note.exists() or not is_dump_of(run.note.read_text(), recipe):
        raise RecipeError(
            f"{run.folder} is not what the chief opened: all workers need one runs/ and the same options."
        )
    return run


def find_turning_point(rows: Rows) -> int:
    """The epoch, counted from 1, of the lowest validation loss: what comes after it overfits."""
    return min(range(len(rows)), key=lambda at: rows[at]["val_loss"]) + 1
