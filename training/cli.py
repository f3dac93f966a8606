"""Train, measure and publish the models that the service serves."""

import os
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # the default only where there is AVX-512

import typer

from training import studies
from training.errors import exit_with_message
from training.export.manifest import read_manifest
from training.model_store import find_servable
from training.recipes.loading import load_recipe, recipe_names
from training.recipes.schema import Recipe
from training.report.page import write_page
from training.run import find_turning_point

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

Fresh = Annotated[bool, typer.Option("--fresh", help="start again instead of resuming an interrupted run")]
Quick = Annotated[bool, typer.Option("--quick", help="little data, few epochs: a trial of seconds, in runs/quick")]
Name = Annotated[str, typer.Argument(help="a recipe; `list` shows them")]
Changes = Annotated[list[str], typer.Option("--set", help="part.field=value: changes one field of the recipe")]
EvenIfWorse = Annotated[bool, typer.Option("--even-if-worse", help="publish a candidate that is worse")]
Retire = Annotated[bool, typer.Option("--retire", help="remove the older versions after publishing")]
Precision = Annotated[
    Literal["full", "mixed"] | None,
    typer.Option(help="overrides the recipe: float32, or mixed with the 16-bit floats that suit the device"),
]


@app.command("list")
def list_all() -> None:
    """List the recipes and the studies."""
    for name in recipe_names():
        typer.echo(f"{name:22} {load_recipe(name).about}")
    typer.echo("\nStudies:")
    for name in studies.list_studies():
        typer.echo(f"{name:22} {studies.describe(name)}")


@app.command()
@exit_with_message
def train(
    name: Name,
    changes: Changes = [],  # noqa: B006 (Typer needs a list here)
    quick: Quick = False,
    fresh: Fresh = False,
    download: Annotated[bool, typer.Option("--download", help="fetch the data from its public source")] = False,
    precision: Precision = None,
    distribute: Annotated[
        Literal["none", "mirrored", "multiworker"],
        typer.Option(help="mirrored: every GPU of this machine; multiworker: the workers in TF_CONFIG"),
    ] = "none",
) -> None:
    """Train a recipe. An interrupted run resumes from its last whole epoch."""
    from training import pipeline
    from training.publish import publish

    measure = partial(publish.measure_fast, robustness=False) if quick else publish.measure
    run = pipeline.train(_load_recipe(name, changes, precision, quick), fresh, download, distribute, measure)
    _print_figures(read_manifest(run.candidate).facts["test"])
    if "val_loss" in (rows := run.load_history())[0]:
        typer.echo(f"Validation loss was lowest after epoch {find_turning_point(rows)} of {len(rows)}.")
    if not quick:
        typer.echo(f"The candidate is {run.candidate}; `python -m training publish {name}` publishes it.")


@app.command()
@exit_with_message
def study(
    name: Annotated[str, typer.Argument(help="a study; `list` shows them")],
    quick: Quick = False,
    fresh: Fresh = False,
) -> None:
    """Run one of the posts' comparisons, or resume it. `report` shows the results."""
    typer.echo(f"The results are {studies.run_study(name, quick, fresh)}; `python -m training report` shows them.")


@app.command()
@exit_with_message
def report(
    folder: Annotated[Path, typer.Option("--to", help="folder for training.md and its plots")] = Path("docs"),
) -> None:
    """Write docs/training.md from the finished runs and studies: our figures beside the posts'."""

    typer.echo(f"Written: {write_page(folder)}")


@app.command()
@exit_with_message
def evaluate(name: Name) -> None:
    """Measure a recipe's published version on the test set, or its candidate if nothing is published."""
    from training import pipeline
    from training.publish import publish

    recipe = load_recipe(name)
    version_dir = find_servable(name, recipe.publishes)
    typer.echo(f"servable: {version_dir}")
    _print_figures(publish.measure(version_dir, pipeline.load_data(recipe)))


@app.command()
@exit_with_message
def publish(
    name: Name,
    changes: Changes = [],  # noqa: B006
    even_if_worse: EvenIfWorse = False,
    precision: Precision = None,
    retire: Retire = False,
) -> None:
    """Copy a run's candidate to models/<name>/<next version>, unless it is worse than the published version."""
    from training import pipeline

    version_dir, comparison = pipeline.publish_run(_load_recipe(name, changes, precision), even_if_worse, retire)
    typer.echo(f"{comparison}\nPublished: {version_dir}")


@app.command("re-export")
@exit_with_message
def re_export(
    name: Name,
    source: Annotated[
        Path | None,
        typer.Option("--from", exists=True, file_okay=False, help="a version's folder, by default the newest version"),
    ] = None,
    even_if_worse: EvenIfWorse = False,
    retire: Retire = False,
) -> None:
    """Publish a version's own weights again, with the signatures that exports have today, without training."""
    from training import pipeline

    version_dir, comparison = pipeline.publish_again(load_recipe(name), source, even_if_worse, retire)
    typer.echo(f"{comparison}\nPublished: {version_dir}")


@app.command()
@exit_with_message
def convert(
    name: Name,
    changes: Changes = [],  # noqa: B006
    version: Annotated[int | None, typer.Option(help="by default the newest")] = None,
) -> None:
    """Make the LiteRT form of a published version, which a CPU serves, and measure it beside the SavedModel."""
    from training import pipeline

    version_dir, figures = pipeline.convert(load_recipe(name, changes), version)
    _print_figures(figures)
    typer.echo(f"Converted: {version_dir}")


@app.command()
@exit_with_message
def predict(
    picture: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="an image file")],
    model: Annotated[str, typer.Option(help="a classifier: the name of a servable or of a recipe")] = "cats-dogs",
) -> None:
    """Print the class of one image."""
    from training import pipeline

    label, probability = pipeline.predict(find_servable(model, model), picture)
    typer.echo(f"{label} ({probability:.1%})")


def _load_recipe(
    name: str, changes: list[str], precision: Literal["full", "mixed"] | None, quick: bool = False
) -> Recipe:
    if precision is None:
        return load_recipe(name, changes, quick)
    from training.fit.precision import choose_policy

    return load_recipe(name, [*changes, f"precision={choose_policy(precision)}"], quick)


def _print_figures(figures: dict[str, Any]) -> None:
    for name, value in figures.items():
        typer.echo(f"{name}: {value:.4f}" if isinstance(value, float) else f"{name}: {value}")
