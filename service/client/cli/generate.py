"""`inkpaw generate`: images of a generator, as one file."""

import sys
from pathlib import Path

from ..calls import Version, Wanted
from ..sync_client import Client
from .exit_codes import ExitCode, UsageError
from .outputs import STDOUT

_FORMATS = {".png": "grid", ".zip": "zip", ".npy": "npy", ".json": "json"}


def choose_format(out: str, image_format: str | None) -> str:
    """By the name of the file. A .png is a grid, which for one image is the image. Raises UsageError."""
    if image_format is not None:
        return image_format
    if out == STDOUT:
        return "grid"
    try:
        return _FORMATS[Path(out).suffix.lower()]
    except KeyError:
        raise UsageError(f"--out {out}: the name must end in {', '.join(_FORMATS)}, or give --format.") from None


def generate_file(
    client: Client, model: str, wanted: Wanted, version: Version, out: str, image_format: str | None
) -> ExitCode:
    """Raises InkpawError, OSError."""
    chosen = choose_format(out, image_format)
    if out == STDOUT and sys.stdout.isatty():
        raise UsageError("An image is not for a terminal; give --out FILE or a pipe.")
    if out != STDOUT and not Path(out).parent.is_dir():
        raise UsageError(f"There is no folder '{Path(out).parent}'.")
    data = client.render(model, format=chosen, version=version, **wanted)
    if out == STDOUT:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    else:
        Path(out).write_bytes(data)
    return ExitCode.GOOD
