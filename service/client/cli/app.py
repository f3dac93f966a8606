"""Ask an Inkpaw service: labels for pictures and where they come from, generated images, which models there are.

Exit codes: 0 all good; 1 some images failed; 2 wrong usage; 3 the service cannot be reached, or is busy for too long;
130 Ctrl-C; 143 SIGTERM.
"""

import os
import sys
from pathlib import Path

import click

from ..calls import Version, WantedWalk
from ..connection import DEFAULT_BATCH, DEFAULT_IN_FLIGHT, DEFAULT_URL, check_key, parse_url
from ..retry import DEFAULT_SECONDS, OnRetry
from ..sync_client import Client
from .exit_codes import ExitCode, UsageError, exit_with_code
from .explain import explain_file
from .generate import generate_file, write_walk
from .outputs import STDOUT
from .predict import FORMATS, Service, open_output, predict_all
from .progress import ProgressBar
from .shard import choose_shard
from .sources import find_pictures

model_argument = click.argument("model")
url_option = click.option(
    "--url", envvar="INKPAW_URL", show_envvar=True, default=DEFAULT_URL, help="Address of the service."
)
key_option = click.option(
    "--api-key",
    envvar="INKPAW_API_KEY",
    show_envvar=True,
    help="For a service that needs one; the variable hides it from other users of the machine.",
)
retry_option = click.option(
    "--retry-seconds",
    type=click.FloatRange(min=0),
    default=DEFAULT_SECONDS,
    help="Per request, how long to ask again while the service is busy or away.",
)
truncation_option = click.option("--truncation", type=float, help="Over 0, at most 1: lower is more typical.")
version_option = click.option("--version", help="A version's number, or a label such as stable.")


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
@retry_option
@url_option
@key_option
@click.option("--quiet", "-q", is_flag=True, help="No progress bar, and nothing but errors beside it.")
@exit_with_code
def predict(
    model: str,
    inputs: tuple[str, ...],
    out: str,
    output_format: str | None,
    files_from: str | None,
    shard: str | None,
    version: str | None,
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
    pictures, left_out = find_pictures([*inputs, *_read_list(files_from)])
    mine = [picture for picture in pictures if share.holds(picture.name)]
    service = Service(
        _check_url(url), retry_seconds, batch, in_flight, _parse_version(version), top, _check_key(api_key)
    )
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
@retry_option
@url_option
@key_option
@exit_with_code
def generate(
    model: str,
    out: str,
    label: tuple[str, ...],
    count: int | None,
    seed: int | None,
    truncation: float | None,
    image_format: str | None,
    version: str | None,
    retry_seconds: float,
    url: str,
    api_key: str | None,
) -> ExitCode:
    """Draw images. The same seed always gives the same image.

    MODEL is a generator's name; `inkpaw models` shows them.
    """
    with _open_client(url, api_key, retry_seconds) as client:
        wanted = {"count": count, "seed": seed, "labels": list(label) or None, "truncation": truncation}
        return generate_file(client, model, wanted, _parse_version(version), out, image_format)  # type: ignore[arg-type]


@app.command()
@model_argument
@click.option("--out", "-o", required=True, help="An animated .png or .webp, or a .npy; - is stdout.")
@click.option("--from", "start", type=click.IntRange(min=0), help="Seed of the first frame.")
@click.option("--to", "end", type=click.IntRange(min=0), help="Seed of the last frame.")
@click.option("--frames", type=click.IntRange(min=2), help="How many frames.")
@click.option("--label", help="A label for all frames.")
@truncation_option
@version_option
@retry_option
@url_option
@key_option
@exit_with_code
def walk(
    model: str,
    out: str,
    start: int | None,
    end: int | None,
    frames: int | None,
    label: str | None,
    truncation: float | None,
    version: str | None,
    retry_seconds: float,
    url: str,
    api_key: str | None,
) -> ExitCode:
    """Go from the image of one seed to that of another, frame by frame."""
    with _open_client(url, api_key, retry_seconds) as client:
        wanted = WantedWalk(start=start, end=end, frames=frames, label=label, truncation=truncation)
        return write_walk(client, model, wanted, _parse_version(version), out)


@app.command()
@model_argument
@click.argument("image")
@click.option("--out", "-o", required=True, help="A .png of the image under the map, or a .json; - is stdout.")
@click.option("--label", help="Another label than the likeliest.")
@version_option
@retry_option
@url_option
@key_option
@exit_with_code
def explain(
    model: str,
    image: str,
    out: str,
    label: str | None,
    version: str | None,
    retry_seconds: float,
    url: str,
    api_key: str | None,
) -> ExitCode:
    """Show where in an image the answer comes from. IMAGE is a file; - is stdin."""
    with _open_client(url, api_key, retry_seconds) as client:
        return explain_file(client, model, image, label, _parse_version(version), out)


@app.command()
@retry_option
@url_option
@key_option
@exit_with_code
def models(retry_seconds: float, url: str, api_key: str | None) -> ExitCode:
    """List the models: name, version, and the command that takes it."""
    with _open_client(url, api_key, retry_seconds) as client:
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


def _open_client(url: str, api_key: str | None, retry_seconds: float) -> Client:
    return Client(_check_url(url), api_key=_check_key(api_key), retry_seconds=retry_seconds, on_retry=_make_notice())


def _make_notice() -> OnRetry:
    return lambda text: click.echo(f"{text} Trying again.", err=True)


def _check_url(url: str) -> str:
    try:
        parse_url(url)
    except ValueError as error:
        raise UsageError(f"--url: {error}") from None
    return url


def _check_key(api_key: str | None) -> str:
    try:
        return check_key(api_key)
    except ValueError as error:
        raise UsageError(f"INKPAW_API_KEY: {error}") from None


def _parse_version(text: str | None) -> Version:
    return int(text) if text is not None and text.isascii() and text.isdigit() else text


def _read_list(path: str | None) -> list[str]:
    if path is None:
        return []
    try:
        text = sys.stdin.read() if path == STDOUT else Path(path).read_text(errors="surrogateescape")
    except OSError as error:
        raise UsageError(f"--files-from {path}: {error.strerror}.") from None
    return text.splitlines()
