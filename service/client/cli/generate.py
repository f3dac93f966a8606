"""`inkpaw generate` and `inkpaw walk`: what a generator draws, as one file."""

from ..calls import Version, Wanted, WantedWalk
from ..sync_client import Client
from .exit_codes import ExitCode
from .files import check_place, choose_format, write_file

_FORMATS = {".png": "grid", ".zip": "zip", ".npy": "npy", ".json": "json"}  # a grid of one image is the image
_WALK_FORMATS = {".png": "png", ".webp": "webp", ".npy": "npy"}


def generate_file(
    client: Client, model: str, wanted: Wanted, version: Version, out: str, image_format: str | None
) -> ExitCode:
    """Raises InkpawError, OSError."""
    chosen = choose_format(out, _FORMATS, ", or give --format") if image_format is None else image_format
    check_place(out)
    write_file(out, client.render(model, format=chosen, version=version, **wanted))
    return ExitCode.GOOD


def write_walk(client: Client, model: str, wanted: WantedWalk, version: Version, out: str) -> ExitCode:
    """Raises InkpawError, OSError."""
    chosen = choose_format(out, _WALK_FORMATS)
    check_place(out)
    write_file(out, client.walk(model, format=chosen, version=version, **wanted))
    return ExitCode.GOOD
