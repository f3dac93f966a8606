"""Train, measure and publish the models that the service serves."""

import os
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # the default only where there is AVX-512

import typer

from training import studies
from training.errors import exit_with_sentence
from training.export.manifest import read_manifest
from training.model_store import find_servable
from training.recipes.loading import load_recipe, recipe_names
from training.recipes.schema import Recipe
from training.report.page import write_page
from training.run import find_turning_point

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

Fresh = Annotated[bool, typer.Option("--fresh", help="begin again, not from where the last call was cut off")]
Quick = Annotated[bool, typer.Option("--quick", help="little data, few epochs: a try of seconds, in runs/quick")]
Name = Annotated[str, typer.Argument(help="a recipe; `list` names them")]
Changes = Annotated[list[str], typer.Option("--set", help="part.field=value: another value for a field of the recipe")]
Precision = Annotated[
    Literal["full", "mixed"] | None,
    typer.Option(help="float32, or mixed with the 16-bit floats that suit the device; instead of the recipe's"),
]


@app.command("list")
def list_all() -> None:
    """The recipes and the studies there are."""
    for name in recipe_names():
        typer.echo(f"{name:22} {load_recipe(name).about}")
    typer.echo("\nStudies:")
    for name in studies.names():
        typer.echo(f"{name:22} {studies.about(name)}")


@app.command()
@exit_with_sentence
def train(
    name: Name,
    changes: Changes = [],  # noqa: B006 (typer's way)
    quick: Quick = False,
    fresh: Fresh = False,
    download: Annotated[bool, typer.Option("--download", help="fetch the data from its public source")] = False,
    precision: Precision = None,
    distribute: Annotated[
        Literal["none", "mirrored", "multiworker"],
        typer.Option(help="mirrored: every GPU of this machine; multiworker: the workers that TF_CONFIG names"),
    ] = "none",
) -> None:
    """Train a recipe; a run that was cut off goes on from its last whole epoch."""
    from training import pipeline
    from training.publish import publish

    measure = partial(publish.figures, beyond=False) if quick else publish.measure
    run = pipeline.train(_recipe(name, changes, precision, quick), fresh, download, distribute, measure)
    _tell(read_manifest(run.candidate).facts["test"])
    if "val_loss" in (rows := run.rows())[0]:
        typer.echo(f"Validation loss was lowest after epoch {find_turning_point(rows)} of {len(rows)}.")
    if not quick:
        typer.echo(f"The candidate is {run.candidate}; `python -m training publish {name}` publishes it.")


@app.command()
@exit_with_sentence
def study(
    name: Annotated[str, typer.Argument(help="a study; `list` names them")],
    quick: Quick = False,
    fresh: Fresh = False,
) -> None:
    """Do one of the posts' comparisons; one that was cut off goes on. `report` shows what came of it."""
    typer.echo(f"The results are {studies.conduct(name, quick, fresh)}; `python -m training report` shows them.")


@app.command()
@exit_with_sentence
def report(to: Annotated[Path, typer.Option(help="folder for training.md and its plots")] = Path("docs")) -> None:
    """Write docs/training.md from the runs and studies that have ended: our figures beside the posts'."""

    typer.echo(f"Written: {write_page(to)}")


@app.command()
@exit_with_sentence
def evaluate(name: Name) -> None:
    """Measure what a recipe has published, else its candidate, on the test set."""
    from training import pipeline
    from training.publish import publish

    recipe = load_recipe(name)
    measured = find_servable(name, recipe.publishes)
    typer.echo(f"servable: {measured}")
    _tell(publish.measure(measured, pipeline.load_data(recipe)))


@app.command()
@exit_with_sentence
def publish(
    name: Name,
    changes: Changes = [],  # noqa: B006
    even_if_worse: Annotated[bool, typer.Option("--even-if-worse", help="publish a candidate that is worse")] = False,
    precision: Precision = None,
    retire: Annotated[bool, typer.Option("--retire", help="remove the older versions once this one is there")] = False,
) -> None:
    """Put the candidate of a recipe's run at models/<name>/<next version>, unless it is worse than what is there."""
    from training import pipeline

    place, comparison = pipeline.publish_run(_recipe(name, changes, precision), even_if_worse, retire)
    typer.echo(f"{comparison}\nPublished: {place}")


@app.command()
@exit_with_sentence
def predict(
    picture: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="an image file")],
    model: Annotated[str, typer.Option(help="a classifier: a servable's or a recipe's name")] = "cats-dogs",
) -> None:
    """Say what one image shows."""
    from training import pipeline

    label, share = pipeline.predict(find_servable(model, model), picture)
    typer.echo(f"{label} ({share:.1%})")


def _recipe(name: str, changes: list[str], precision: Literal["full", "mixed"] | None, quick: bool = False) -> Recipe:
    if precision is None:
        return load_recipe(name, changes, quick)
    from training.fit.precision import choose_policy

    return load_recipe(name, [*changes, f"precision={choose_policy(precision)}"], quick)


def _tell(figures: dict[str, Any]) -> None:
    for name, value in figures.items():
        typer.echo(f"{name}: {value:.4f}" if isinstance(value, float) else f"{name}: {value}")
