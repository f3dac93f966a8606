"""docs/training.md: our figure beside the post's for every recipe and study, from the runs that have ended."""

import shutil
from pathlib import Path
from typing import Any

from training import plots, studies
from training.evaluation.accuracy import wilson_interval
from training.recipes.loading import load_recipe, recipe_names
from training.recipes.schema import Recipe
from training.report.results import FinishedRun, find_finished_run
from training.report.store import read_results, write_results
from training.run import Rows, find_turning_point

INTRODUCTION = """# Training: our figures beside the posts'

Made by `python -m training report` from runs on one machine with 2 CPU cores, or where a note says so on a GPU. Each
recipe keeps the weights of the epoch with the best validation accuracy, or where weights are averaged the last average;
the test set is used once, for the figure here. The options (initialiser, L1, L2, dropout, batch norm, LeakyReLU, early
stopping, loss) work for each recipe:
`python -m training train mnist-mlp --fresh --set net.dropout=0.3 --set patience=5`."""

HEAD = ["recipe", "our test figure", "the post's", "95% interval of ours", "epochs", "lowest validation loss after"]


def write_page(folder: Path) -> Path:
    """The page, and its plots in `training/` beside it.

    Recipes and studies that did not run on this machine keep the lines that `training/results.json` has for them.
    Those that ran nowhere are listed as missing.
    """
    page, pictures = folder / "training.md", folder / "training"
    pictures.mkdir(parents=True, exist_ok=True)
    stored = read_results(pictures / "results.json")
    rows, sections = stored.rows, stored.sections
    for name in recipe_names():
        if (ended := find_finished_run(name)) and (ended.here or name not in sections):
            rows[name], sections[name] = _row(ended), _section(ended, pictures)
    for name in studies.names():
        if results := studies.results(name):
            sections[name] = [studies.about(name), "", *studies.load(name).tell(results, pictures)]
    write_results(pictures / "results.json", stored)
    page.write_text("\n".join([INTRODUCTION, "", *_recipes(rows, sections), "", *_studies(sections)]) + "\n")
    for picture in pictures.glob("*.png"):
        if f"({pictures.name}/{picture.name})" not in page.read_text():
            picture.unlink()
    return page


def _recipes(rows: dict[str, list[str]], sections: dict[str, list[str]]) -> list[str]:
    known = [name for name in recipe_names() if name in sections and name in rows]
    missing = [load_recipe(name) for name in recipe_names() if name not in known]
    lines = ["## Recipes", "", *plots.table(HEAD, [rows[name] for name in known])]
    if missing:
        lines += ["", "These have no figure of a full run here:", ""]
        lines += [" ".join(filter(None, [f"- `{each.name}`: {each.about}", each.note])) for each in missing]
    for name in known:
        lines += ["", f"### {name}", "", *sections[name]]
    return lines


def _studies(sections: dict[str, list[str]]) -> list[str]:
    lines = ["## Studies"]
    for name in studies.names():
        untold = [studies.about(name), "", "Not run to its end yet."]
        lines += ["", f"### {name}", "", *sections.get(name, untold)]
    return lines


def _row(each: FinishedRun) -> list[str]:
    test, rows, post = each.test, each.run.rows(), each.recipe.post
    name, epochs = f"[{each.recipe.name}](#{each.recipe.name})", str(each.epochs)
    if "accuracy" not in test:
        return [name, f"{test['read_as_label']:.2%} read as their label", "none given", "", epochs, ""]
    low, high = wilson_interval(test["accuracy"], test["images"])
    turn = f"epoch {find_turning_point(rows)}" if rows and not each.recipe.ema else ""
    beside = f"{post:.1%}" if post else "none given"
    return [name, f"{test['accuracy']:.2%}", beside, f"{low:.1%} to {high:.1%}", epochs, turn]


def _section(each: FinishedRun, pictures: Path) -> list[str]:
    name, test = each.recipe.name, each.test
    lines = [each.recipe.about, "", *_difference(each.recipe, test)]
    if each.recipe.note:
        lines += [each.recipe.note, ""]
    if each.card:
        lines += [f"This is what the service ships: [its model card](../{each.card.as_posix()}) has every figure.", ""]
    if rows := each.run.rows():
        if not each.recipe.ema:  # the validation of those is through other batch norms than what is served
            lines += _turn(rows)
        plots.curves(rows, name, pictures / f"{name}-curves.png", dpi=plots.DPI)
        lines += [f"![loss and accuracy by epoch](training/{name}-curves.png)"]
    if "confusion" in test:
        plots.confusion(
            test["confusion"], each.manifest.labels, f"{name}: test images", pictures / f"{name}-confusion.png"
        )
        lines += [f"![confusion matrix](training/{name}-confusion.png)"]
    if each.run.mistakes.exists():
        shutil.copy(each.run.mistakes, pictures / f"{name}-mistakes.png")
        lines += [f"![misread images](training/{name}-mistakes.png)"]
    return lines


def _turn(rows: Rows) -> list[str]:
    """When overfitting starts, if it does."""
    turn = find_turning_point(rows)
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
    low, high = wilson_interval(test["accuracy"], test["images"])
    if test["accuracy"] >= plan.post - 0.0005:  # the posts give three digits
        return [f"The post's {plan.post:.1%} is met: {test['accuracy']:.2%}.", ""]
    beside = f"{test['accuracy']:.2%}, lower than the post's {plan.post:.1%}"
    if low <= plan.post <= high:
        return [f"{beside} by less than {test['images']:,} test images can tell apart.", ""]
    return [f"{beside}.", ""]
