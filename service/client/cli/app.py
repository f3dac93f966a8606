"""Ask an Inkpaw service: labels for pictures and where they come from, generated images, which models there are.

Exit codes: 0 all good; 1 some images failed; 2 wrong usage; 3 the service cannot be reached, or is busy for too long;
130 Ctrl-C; 143 SIGTERM.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

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

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

Model = Annotated[str, typer.Argument(help="a model; `inkpaw models` shows them")]
Url = Annotated[str, typer.Option(envvar="INKPAW_URL", help="address of the service")]
ApiKey = Annotated[
    str | None,
    typer.Option(
        envvar="INKPAW_API_KEY", show_default=False, help="for a service that needs one; the variable hides it"
    ),
]
RetrySeconds = Annotated[
    float, typer.Option(min=0, help="per request, how long to ask again while the service is busy or away")
]
ModelVersion = Annotated[str | None, typer.Option("--version", help="a version's number, or a label such as stable")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="no progress bar, and nothing but errors beside it")]


@app.command()
@exit_with_code
def predict(
    model: Model,
    inputs: Annotated[
        list[str] | None, typer.Argument(help="files, folders, globs, zip files; - is an image or a zip on stdin")
    ] = None,
    out: Annotated[str, typer.Option("--out", "-o", help="file of the rows; one that exists is continued")] = STDOUT,
    output_format: Annotated[
        str | None, typer.Option("--format", help=f"{', '.join(FORMATS)}; by default as --out ends")
    ] = None,
    files_from: Annotated[
        str | None, typer.Option(help="a file that lists more inputs, one per line; - is stdin")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(help="INDEX/COUNT: only this share; by default as a Kubernetes Job says")
    ] = None,
    version: ModelVersion = None,
    top: Annotated[int | None, typer.Option(min=1, max=9999, help="labels per image in JSON lines")] = None,
    batch: Annotated[int, typer.Option(min=1, max=256, help="images per request")] = DEFAULT_BATCH,
    in_flight: Annotated[int, typer.Option(min=1, max=256, help="requests at a time")] = DEFAULT_IN_FLIGHT,
    retry_seconds: RetrySeconds = DEFAULT_SECONDS,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    quiet: Quiet = False,
) -> ExitCode:
    """Write a row per picture, with its label. The same command again resumes where it stopped."""
    if not inputs and files_from is None:
        raise UsageError("Name at least one file, folder or zip file, or - for stdin.")
    share = choose_shard(shard)
    pictures, left_out = find_pictures([*(inputs or []), *_read_list(files_from)])
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
@exit_with_code
def generate(
    model: Model,
    out: Annotated[str, typer.Option("--out", "-o", help="a .png (a grid), .zip, .npy or .json; - is stdout")],
    label: Annotated[list[str] | None, typer.Option(help="a label for all, or one per image")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="how many images")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="seed of the first image; the others count up")] = None,
    truncation: Annotated[float | None, typer.Option(help="over 0, at most 1: lower is more typical")] = None,
    image_format: Annotated[
        str | None, typer.Option("--format", help="png, grid, zip, npy, json; by default as --out ends")
    ] = None,
    version: ModelVersion = None,
    retry_seconds: RetrySeconds = DEFAULT_SECONDS,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> ExitCode:
    """Draw images. The same seed always gives the same image."""
    with _open_client(url, api_key, retry_seconds) as client:
        wanted = {"count": count, "seed": seed, "labels": label or None, "truncation": truncation}
        return generate_file(client, model, wanted, _parse_version(version), out, image_format)  # type: ignore[arg-type]


@app.command()
@exit_with_code
def walk(
    model: Model,
    out: Annotated[str, typer.Option("--out", "-o", help="an animated .png or .webp, or a .npy; - is stdout")],
    start: Annotated[int | None, typer.Option("--from", min=0, help="seed of the first frame")] = None,
    end: Annotated[int | None, typer.Option("--to", min=0, help="seed of the last frame")] = None,
    frames: Annotated[int | None, typer.Option(min=2, help="how many frames")] = None,
    label: Annotated[str | None, typer.Option(help="a label for all frames")] = None,
    truncation: Annotated[float | None, typer.Option(help="over 0, at most 1: lower is more typical")] = None,
    version: ModelVersion = None,
    retry_seconds: RetrySeconds = DEFAULT_SECONDS,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> ExitCode:
    """Go from the image of one seed to that of another, frame by frame."""
    with _open_client(url, api_key, retry_seconds) as client:
        wanted = WantedWalk(start=start, end=end, frames=frames, label=label, truncation=truncation)
        return write_walk(client, model, wanted, _parse_version(version), out)


@app.command()
@exit_with_code
def explain(
    model: Model,
    image: Annotated[str, typer.Argument(help="an image file; - is stdin")],
    out: Annotated[str, typer.Option("--out", "-o", help="a .png of the image under the map, or a .json; - is stdout")],
    label: Annotated[str | None, typer.Option(help="another label than the likeliest")] = None,
    version: ModelVersion = None,
    retry_seconds: RetrySeconds = DEFAULT_SECONDS,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> ExitCode:
    """Show where in an image the answer comes from."""
    with _open_client(url, api_key, retry_seconds) as client:
        return explain_file(client, model, image, label, _parse_version(version), out)


@app.command()
@exit_with_code
def models(retry_seconds: RetrySeconds = DEFAULT_SECONDS, url: Url = DEFAULT_URL, api_key: ApiKey = None) -> ExitCode:
    """List the models: name, version, and the command that takes it."""
    with _open_client(url, api_key, retry_seconds) as client:
        for model in client.models():
            typer.echo(f"{model.name:20} {model.version:>4}  {model.task}")
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
    return lambda text: typer.echo(f"{text} Trying again.", err=True)


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
