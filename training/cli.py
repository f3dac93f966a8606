"""The commands: `python -m training --help` lists them."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from typing import Annotated

import typer

from training import recipe as recipes

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
Set = Annotated[list[str], typer.Option("--set", help="part.field=value: another value for a field of the recipe")]


@app.command("list")
def list_recipes() -> None:
    """The recipes there are."""
    for name in recipes.names():
        typer.echo(f"{name:20} {recipes.load(name).about}")


@app.command()
def train(
    name: str,
    set_: Set = [],  # noqa: B006 (typer's way)
    fresh: Annotated[bool, typer.Option(help="begin again instead of going on from the last checkpoint")] = False,
    download: Annotated[bool, typer.Option(help="fetch the data from its public source if it is not here")] = False,
) -> None:
    """Train a recipe; a run that was cut off goes on from its last whole epoch."""
    from training import tasks

    run = tasks.train(recipes.load(name, set_), fresh, download)
    typer.echo(f"Done: {run.candidate}")
