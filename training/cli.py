"""Train, measure and publish the models that the service serves."""

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import typer

from service.errors import InkpawError
from training import recipe as recipes
from training.data.locate import DataMissing
from training.recipe import RecipeError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

Name = Annotated[str, typer.Argument(help="a recipe; `list` names them")]
Changes = Annotated[list[str], typer.Option("--set", help="part.field=value: another value for a field of the recipe")]


def in_a_sentence(command: Callable[..., None]) -> Callable[..., None]:
    """What a person can do something about is said in a sentence, not in a traceback."""

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        try:
            command(**arguments)
        except Exception as error:
            from training.publish import PublishError  # only here: it brings TensorFlow along

            if isinstance(error, RecipeError | DataMissing | PublishError | InkpawError):
                sys.exit(str(error))
            raise

    return run


@app.command("list")
def list_recipes() -> None:
    """The recipes there are."""
    for name in recipes.names():
        typer.echo(f"{name:20} {recipes.load(name).about}")


@app.command()
@in_a_sentence
def train(
    name: Name,
    changes: Changes = [],  # noqa: B006 (typer's way)
    fresh: Annotated[bool, typer.Option("--fresh", help="begin again, not from the last checkpoint")] = False,
    download: Annotated[bool, typer.Option("--download", help="fetch the data from its public source")] = False,
) -> None:
    """Train a recipe; a run that was cut off goes on from its last whole epoch."""
    from training import export, tasks

    run = tasks.train(recipes.load(name, changes), fresh, download)
    _tell(export.manifest(run.candidate)["facts"]["test"])
    typer.echo(f"The candidate is {run.candidate}; `python -m training publish {name}` publishes it.")


@app.command()
@in_a_sentence
def evaluate(name: Name) -> None:
    """Measure the published servable of a recipe on the test set."""
    from training import publish as places
    from training import tasks

    recipe = recipes.load(name)
    published = places.newest(recipe.publishes)
    if published is None:
        raise places.PublishError(f"Nothing is published as '{recipe.publishes}' yet.")
    _tell(places.measure(published, tasks.load_data(recipe)))


@app.command()
@in_a_sentence
def publish(
    name: Name,
    changes: Changes = [],  # noqa: B006
    even_if_worse: Annotated[bool, typer.Option("--even-if-worse", help="publish a candidate that is worse")] = False,
    retire: Annotated[bool, typer.Option("--retire", help="remove the older versions once this one is there")] = False,
) -> None:
    """Put the candidate of a recipe's run at models/<name>/<next version>, unless it is worse than what is there."""
    from training import tasks

    place, comparison = tasks.publish_run(recipes.load(name, changes), even_if_worse, retire)
    typer.echo(f"{comparison}\nPublished: {place}")


@app.command()
@in_a_sentence
def predict(
    picture: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="an image file")],
    model: Annotated[str, typer.Option(help="a published classifier")] = "cats-dogs",
) -> None:
    """Say what one image shows."""
    from training import publish as places
    from training import tasks

    published = places.newest(model)
    if published is None:
        raise places.PublishError(f"Nothing is published as '{model}' yet.")
    label, share = tasks.predict(published, picture)
    typer.echo(f"{label} ({share:.1%})")


def _tell(figures: dict[str, Any]) -> None:
    for name, value in figures.items():
        typer.echo(f"{name}: {value:.4f}" if isinstance(value, float) else f"{name}: {value}")
