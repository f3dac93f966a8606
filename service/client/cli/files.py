"""One file that a command writes: its format by the end of its name, its place checked before anything is asked."""

import sys
from collections.abc import Mapping
from pathlib import Path

from .exit_codes import UsageError
from .outputs import STDOUT


def choose_format(out: str, formats: Mapping[str, str], otherwise: str = "") -> str:
    """`formats` by the end of a file's name; the first is that of stdout.

    Raises UsageError, which also says what can be done `otherwise`.
    """
    if out == STDOUT:
        return next(iter(formats.values()))
    try:
        return formats[Path(out).suffix.lower()]
    except KeyError:
        raise UsageError(f"--out {out}: the name must end in {', '.join(formats)}{otherwise}.") from None


def check_place(out: str) -> None:
    """Raises UsageError if the file cannot be written there."""
    if out == STDOUT and sys.stdout.isatty():
        raise UsageError("An image is not for a terminal; give --out FILE or a pipe.")
    if out != STDOUT and not Path(out).parent.is_dir():
        raise UsageError(f"There is no folder '{Path(out).parent}'.")


def write_file(out: str, data: bytes) -> None:
    """Raises OSError."""
    if out == STDOUT:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    else:
        Path(out).write_bytes(data)
