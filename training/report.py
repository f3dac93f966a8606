"""docs/training.md: our figure beside the post's for every recipe and study, from the runs that have ended here."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training import curves, export, plots, publish, recipe, studies
from training.history import Rows, turning_point
from training.measures.accuracy import interval
from training.recipe import Recipe
from training.run import RUNS, Run

INTRODUCTION = """# Training: our figures beside the posts'

Made by `python -m training report` from the runs on one machine with 2 CPU cores. Each recipe keeps the weights of the
epoch with the best validation accuracy, or where weights are averaged the last average; the test set is used once, for
the figure here. The options (initialiser, L1, L2, dropout, batch norm, LeakyReLU, early stopping, loss) work for each
recipe: `python -m training train mnist-mlp --fresh --set net.dropout=0.3 --set patience=5`."""


def write(folder: Path) -> Path:
    """The page, and its plots in `training/` beside it; what has not been run is said to be missing."""
    pictures = folder / "training"
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    ended = [found for name in recipe.names() if (found := _found(name))]
    missing = sorted(set(recipe.names()) - {each.recipe.name for each in ended})
    lines = [INTRODUCTION, "", "## Recipes", "", *_table(ended)]
    if missing:
        lines += [
            "",
            "No run of these has ended here:",
            "",
            *(f"- `{name}`: {recipe.load(name).about}" for name in missing),
        ]
    for each in ended:
        lines += ["", f"### {each.recipe.name}", "", *_section(each, pictures)]
    lines += ["", "## Studies"]
    for name in studies.names():
        found = studies.results(name)
        told = studies.load(name).tell(found, pictures) if found else ["Not run to its end here."]
        lines += ["", f"### {name}", "", studies.about(name), "", *told]
    page = folder / "training.md"
    page.write_text("\n".join(lines) + "\n")
    return page


@dataclass(frozen=True)
class _Ended:
    """A recipe's run, and what came of it: its candidate, or where the run is not here what it published."""

    recipe: Recipe
    run: Run
    servable: Path

    @property
    def epochs(self) -> int:
        """How many it was trained for: a published version may come from an earlier form of the recipe."""
        before: int = export.manifest(self.servable)["facts"]["recipe"].get("epochs", self.recipe.epochs)
        return len(self.run.rows()) or before

    @property
    def card(self) -> Path | None:
        """The model card of what is published."""
        published = publish.newest(self.recipe.publishes)
        return export.manifest_path(published).with_name("README.md") if published else None

    @property
    def test(self) -> dict[str, Any]:
        """The figures of the final test; empty if there was none."""
        facts: dict[str, Any] = export.manifest(self.servable)["facts"]
        return facts.get("test") or {} if facts["recipe"]["name"] == self.recipe.name else {}


def _found(name: str) -> _Ended | None:
    plan = recipe.load(name)
    run = Run(RUNS / name, plan)
    for servable in (run.candidate, publish.newest(plan.publishes)):
        if servable and export.manifest_path(servable).exists() and (ended := _Ended(plan, run, servable)).test:
            return ended
    return None


def _table(ended: list[_Ended]) -> list[str]:
    head = ["recipe", "our test figure", "the post's", "95% interval of ours", "epochs", "lowest validation loss after"]
    return plots.table(head, map(_row, ended))


def _row(each: _Ended) -> list[str]:
    test, rows, post = each.test, each.run.rows(), each.recipe.post
    name, epochs = f"[{each.recipe.name}](#{each.recipe.name})", str(each.epochs)
    if "accuracy" not in test:
        return [name, f"{test['read_as_label']:.2%} read as their label", "none given", "", epochs, ""]
    low, high = interval(test["accuracy"], test["images"])
    turn = f"epoch {turning_point(rows)}" if rows else ""
    beside = f"{post:.1%}" if post else "none given"
    return [name, f"{test['accuracy']:.2%}", beside, f"{low:.1%} to {high:.1%}", epochs, turn]


def _section(each: _Ended, pictures: Path) -> list[str]:
    name, test = each.recipe.name, each.test
    lines = [each.recipe.about, "", *_difference(each.recipe, test)]
    if each.recipe.note:
        lines += [each.recipe.note, ""]
    if each.card:
        lines += [f"This is what the service ships: [its model card](../{each.card.as_posix()}) has every figure.", ""]
    if rows := each.run.rows():
        lines += _turn(rows)
        curves.draw(rows, name, pictures / f"{name}-curves.png", dpi=plots.DPI)
        lines += [f"![loss and accuracy by epoch](training/{name}-curves.png)"]
    if "confusion" in test:
        labels = export.manifest(each.servable)["labels"]
        plots.confusion(test["confusion"], labels, f"{name}: test images", pictures / f"{name}-confusion.png")
        lines += [f"![confusion matrix](training/{name}-confusion.png)"]
    if each.run.mistakes.exists():
        shutil.copy(each.run.mistakes, pictures / f"{name}-mistakes.png")
        lines += [f"![misread images](training/{name}-mistakes.png)"]
    return lines


def _turn(rows: Rows) -> list[str]:
    """When overfitting starts, if it does."""
    turn = turning_point(rows)
    if rows[-1]["val_loss"] < rows[turn - 1]["val_loss"] * 1.1:
        return ["The validation loss had not clearly begun to rise at the end.", ""]
    return [
        f"The validation loss was lowest after epoch {turn} of {len(rows)}: from there on the net learns its training "
        f"images by heart (validation loss {rows[turn - 1]['val_loss']:.3f} then, {rows[-1]['val_loss']:.3f} at the "
        "end).",
        "",
    ]


def _difference(plan: Recipe, test: dict[str, Any]) -> list[str]:
    """How our figure stands to the post's, where the post gives one."""
    if plan.post is None or "accuracy" not in test:
        return []
    low, high = interval(test["accuracy"], test["images"])
    if test["accuracy"] >= plan.post - 0.0005:  # the posts give three digits
        return [f"The post's {plan.post:.1%} is met: {test['accuracy']:.2%}.", ""]
    beside = f"{test['accuracy']:.2%}, lower than the post's {plan.post:.1%}"
    if low <= plan.post <= high:
        return [f"{beside} by less than {test['images']:,} test images can tell apart.", ""]
    return [f"{beside}.", ""]
