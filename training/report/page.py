"""docs/training.md: our figure beside the post's for every recipe and study, from the finished runs."""

import shutil
from pathlib import Path
from typing import Any

from training import plots, studies
from training.evaluation.accuracy import compute_wilson_interval
from training.recipes.loading import load_recipe, recipe_names
from training.recipes.schema import Recipe
from training.report.results import FinishedRun, find_finished_run
from training.report.store import read_results, write_results
from training.run import Rows, find_turning_point

INTRODUCTION = """# Training: our figures beside the posts'

Made by `python -m training report` from runs on one machine with 2 CPU cores, or on a GPU where a note says so. Each
recipe keeps the weights of the epoch with the best validation accuracy; averaged weights are those of the last epoch.
The test set is used once, for the figure here. The options (initialiser, L1, L2, dropout, batch norm, LeakyReLU, early
stopping, loss) work for each recipe:
`python -m training train mnist-mlp --fresh --set net.dropout=0.3 --set patience=5`."""

HEADER = ["recipe", "our test figure", "the post's", "95% interval of ours", "epochs", "lowest validation loss after"]


def write_page(folder: Path) -> Path:
    """Write the page to `folder` and its plots to `training/` beside it. Returns the path of the page.

    Recipes and studies that did not run on this machine keep the lines that `training/results.json` has for them.
    Those that ran nowhere are listed as missing.
    """
    page, pictures = folder / "training.md", folder / "training"
    pictures.mkdir(parents=True, exist_ok=True)
    stored = read_results(pictures / "results.json")
    rows, sections = stored.rows, stored.sections
    for name in recipe_names():
        if (finished := find_finished_run(name)) and (finished.is_local or name not in sections):
            rows[name], sections[name] = _format_row(finished), _write_section(finished, pictures)
    for name in studies.list_studies():
        if results := studies.load_results(name):
            sections[name] = [studies.describe(name), "", *studies.load_study(name).render_section(results, pictures)]
    write_results(pictures / "results.json", stored)
    lines = [INTRODUCTION, "", *_format_recipes(rows, sections), "", *_format_studies(sections)]
    page.write_text("\n".join(lines) + "\n")
    for picture in pictures.glob("*.png"):
        if f"({pictures.name}/{picture.name})" not in page.read_text():
            picture.unlink()
    return page


def _format_recipes(rows: dict[str, list[str]], sections: dict[str, list[str]]) -> list[str]:
    names = [name for name in recipe_names() if name in sections and name in rows]
    missing = [load_recipe(name) for name in recipe_names() if name not in names]
    lines = ["## Recipes", "", *plots.format_table(HEADER, [rows[name] for name in names])]
    if missing:
        lines += ["", "These have no figure of a full run here:", ""]
        lines += [" ".join(filter(None, [f"- `{recipe.name}`: {recipe.about}", recipe.note])) for recipe in missing]
    for name in names:
        lines += ["", f"### {name}", "", *sections[name]]
    return lines


def _format_studies(sections: dict[str, list[str]]) -> list[str]:
    lines = ["## Studies"]
    for name in studies.list_studies():
        unfinished = [studies.describe(name), "", "Not run to its end yet."]
        lines += ["", f"### {name}", "", *sections.get(name, unfinished)]
    return lines


def _format_row(finished: FinishedRun) -> list[str]:
    """The cells of a recipe's row, under `HEADER`."""
    recipe, test, rows = finished.recipe, finished.test, finished.run.load_history()
    name, epochs = f"[{recipe.name}](#{recipe.name})", str(finished.epochs)
    if "accuracy" not in test:
        return [name, f"{test['read_as_label']:.2%} read as their label", "none given", "", epochs, ""]
    low, high = compute_wilson_interval(test["accuracy"], test["images"])
    turning_point = f"epoch {find_turning_point(rows)}" if rows and not recipe.ema else ""
    post = f"{recipe.post:.1%}" if recipe.post else "none given"
    return [name, f"{test['accuracy']:.2%}", post, f"{low:.1%} to {high:.1%}", epochs, turning_point]


def _write_section(finished: FinishedRun, pictures: Path) -> list[str]:
    """The lines of a recipe's section; draws its plots into the folder `pictures`."""
    recipe, run, test = finished.recipe, finished.run, finished.test
    lines = [recipe.about, "", *_compare_with_post(recipe, test)]
    if recipe.note:
        lines += [recipe.note, ""]
    if card := finished.card:
        lines += [f"This is what the service ships: [its model card](../{card.as_posix()}) has every figure.", ""]
    if rows := run.load_history():
        if not recipe.ema:  # averaged weights are validated with other BatchNorm statistics than are served
            lines += _describe_overfitting(rows)
        plots.draw_curves(rows, recipe.name, pictures / f"{recipe.name}-curves.png", dpi=plots.DPI)
        lines += [f"![loss and accuracy by epoch](training/{recipe.name}-curves.png)"]
    if "confusion" in test:
        picture, title = pictures / f"{recipe.name}-confusion.png", f"{recipe.name}: test images"
        plots.draw_confusion(test["confusion"], finished.manifest.labels, title, picture)
        lines += [f"![confusion matrix](training/{recipe.name}-confusion.png)"]
    if run.mistakes.exists():
        shutil.copy(run.mistakes, pictures / f"{recipe.name}-mistakes.png")
        lines += [f"![misread images](training/{recipe.name}-mistakes.png)"]
    return lines


def _describe_overfitting(rows: Rows) -> list[str]:
    """When overfitting starts, if it does."""
    epoch = find_turning_point(rows)
    lowest, last = rows[epoch - 1]["val_loss"], rows[-1]["val_loss"]
    if last < lowest * 1.1:
        return ["The validation loss had not clearly begun to rise at the end.", ""]
    return [
        f"The validation loss was lowest after epoch {epoch} of {len(rows)}. From there on the net overfits "
        f"(validation loss {lowest:.3f} then, {last:.3f} at the end).",
        "",
    ]


def _compare_with_post(recipe: Recipe, test: dict[str, Any]) -> list[str]:
    """Whether our figure reaches the post's, if the post gives one."""
    if recipe.post is None or "accuracy" not in test:
        return []
    low, high = compute_wilson_interval(test["accuracy"], test["images"])
    if test["accuracy"] >= recipe.post - 0.0005:  # the posts give three digits
        return [f"The post's {recipe.post:.1%} is met: {test['accuracy']:.2%}.", ""]
    comparison = f"{test['accuracy']:.2%}, lower than the post's {recipe.post:.1%}"
    if low <= recipe.post <= high:
        return [f"{comparison} by less than {test['images']:,} test images can tell apart.", ""]
    return [f"{comparison}.", ""]
