"""Ask an Inkpaw service: labels for pictures and where they come from, generated images, which models there are.

Exit codes: 0 all good; 1 some images failed; 2 wrong usage; 3 the service cannot be reached, or is busy for too long;
130 Ctrl-C; 143 SIGTERM.
"""

import os
import sys

import click

from ..calls import Version, WantedWalk
from ..connection import DEFAULT_BATCH, DEFAULT_IN_FLIGHT
from ..sync_client import Client
from .exit_codes import ExitCode, UsageError, exit_with_code
from .explain import explain_file
from .generate import generate_file, write_walk
from .options import (
    connection_options,
    model_argument,
    open_client,
    parse_key,
    truncation_option,
    validate_url,
    version_option,
)
from .outputs import STDOUT
from .predict import FORMATS, Service, open_output, predict_all
from .progress import ProgressBar
from .shard import choose_shard
from .sources import find_pictures, read_list


@click.group(no_args_is_help=True, help=__doc__, context_settings={"show_default": True})
def app() -> None:
    pass


@app.command()
@model_argument
@click.argument("inputs", nargs=-1)
@click.option("--out", "-o", default=STDOUT, help="File of the rows; one that exists is continued.")
@click.option("--format", "output_format", help=f"{', '.join(FORMATS)}; by default as --out ends.")
@click.option("--files-from", help="A file that lists more inputs, one per line; - is stdin.")
@click.option("--shard", help="INDEX/COUNT: only this share; by default as a Kubernetes Job says.")
@version_option
@click.option("--top", type=click.IntRange(1, 9999), help="Labels per image in JSON lines.")
@click.option("--batch", type=click.IntRange(1, 256), default=DEFAULT_BATCH, help="Images per request.")
@click.option("--in-flight", type=click.IntRange(1, 256), default=DEFAULT_IN_FLIGHT, help="Requests at a time.")
@connection_options
@click.option("--quiet", "-q", is_flag=True, help="No progress bar, and nothing but errors beside it.")
@exit_with_code
def predict(
    model: str,
    inputs: tuple[str, ...],
    out: str,
    output_format: str | None,
    files_from: str | None,
    shard: str | None,
    version: Version,
    top: int | None,
    batch: int,
    in_flight: int,
    retry_seconds: float,
    url: str,
    api_key: str | None,
    quiet: bool,
) -> ExitCode:
    """Write a row per picture, with its label. The same command again resumes where it stopped.

    MODEL is a model's name; `inkpaw models` shows them. INPUTS are files, folders, globs and zip files; - is an image
    or a zip file on stdin.
    """
    if not inputs and files_from is None:
        raise UsageError("Name at least one file, folder or zip file, or - for stdin.")
    share = choose_shard(shard)
    pictures, left_out = find_pictures([*inputs, *([] if files_from is None else read_list(files_from))])
    mine = [picture for picture in pictures if share.holds(picture.name)]
    service = Service(validate_url(url), retry_seconds, batch, in_flight, version, top, parse_key(api_key))
    output = open_output(out, output_format, model)
    try:
        with ProgressBar(len(mine), quiet) as progress:
            if left_out:
                progress.say(f"{left_out} files without the name of a picture were left out.")
            return predict_all(service, model, mine, output, progress)
    finally:
        output.close()


@app.command()
@model_argument
@click.option("--out", "-o", required=True, help="A .png (a grid), .zip, .npy or .json; - is stdout.")
@click.option("--label", multiple=True, help="A label for all, or one per image.")
@click.option("--count", type=click.IntRange(min=1), help="How many images.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the first image; the others count up.")
@truncation_option
@click.option("--format", "image_format", help="png, grid, zip, npy, json; by default as --out ends.")
@version_option
@exit_with_code
@open_client
def generate(
    client: Client,
    model: str,
    out: str,
    label: tuple[str, ...],
    count: int | None,
    seed: int | None,
    truncation: float | None,
    image_format: str | None,
    version: Version,
) -> ExitCode:
    """Draw images. The same seed always gives the same image.

    MODEL is a generator's name; `inkpaw models` shows them.
    """
    wanted = {"count": count, "seed": seed, "labels": list(label) or None, "truncation": truncation}
    return generate_file(client, model, wanted, version, out, image_format)  # type: ignore[arg-type]


@app.command()
@model_argument
@click.option("--out", "-o", required=True, help="An animated .png or .webp, or a .npy; - is stdout.")
@click.option("--from", "start", type=click.IntRange(min=0), help="Seed of the first frame.")
@click.option("--to", "end", type=click.IntRange(min=0), help="Seed of the last frame.")
@click.option("--frames", type=click.IntRange(min=2), help="How many frames.")
@click.option("--label", help="A label for all frames.")
@truncation_option
@version_option
@exit_with_code
@open_client
def walk(
    client: Client,
    model: str,
    out: str,
    start: int | None,
    end: int | None,
    frames: int | None,
    label: str | None,
    truncation: float | None,
    version: Version,
) -> ExitCode:
    """Go from the image of one seed to that of another, frame by frame."""
    wanted = WantedWalk(start=start, end=end, frames=frames, label=label, truncation=truncation)
    return write_walk(client, model, wanted, version, out)


@app.command()
@model_argument
@click.argument("image")
@click.option("--out", "-o", required=True, help="A .png of the image under the map, or a .json; - is stdout.")
@click.option("--label", help="Another label than the likeliest.")
@version_option
@exit_with_code
@open_client
def explain(
    client: Client,
    model: str,
    image: str,
    out: str,
    label: str | None,
    version: Version,
) -> ExitCode:
    """Show where in an image the answer comes from. IMAGE is a file; - is stdin."""
    return explain_file(client, model, image, label, version, out)


@app.command()
@exit_with_code
@open_client
def models(client: Client) -> ExitCode:
    """List the models: name, version, and the command that takes it."""
    for model in client.models():
        click.echo(f"{model.name:20} {model.version:>4}  {model.task}")
    return ExitCode.GOOD


def main() -> None:
    try:
        app(prog_name="inkpaw")
    except SystemExit as end:
        if end.code:
            sys.stdout.flush()
            os._exit(int(end.code))  # at once: requests may be in flight for which nobody waits any more
        raise
