"""`inkpaw explain`: where in an image the answer comes from, as one file."""

import json
import sys
from dataclasses import asdict

from ..calls import Version
from ..pictures import ImageSource
from ..sync_client import Client
from .exit_codes import ExitCode
from .files import check_place, choose_format, write_file
from .sources import STDIN

_FORMATS = {".png": "png", ".json": "json"}


def explain_file(client: Client, model: str, image: str, label: str | None, version: Version, out: str) -> ExitCode:
    """Raises InkpawError, OSError."""
    chosen = choose_format(out, _FORMATS)
    check_place(out)
    source: ImageSource = sys.stdin.buffer if image == STDIN else image
    if chosen == "json":
        explanation = client.explain(model, source, version=version, label=label)
        write_file(out, json.dumps(asdict(explanation)).encode() + b"\n")
    else:
        write_file(out, client.heat_map(model, source, version=version, label=label))
    return ExitCode.GOOD
