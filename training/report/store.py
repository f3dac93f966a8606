"""The lines of each recipe and study, kept as JSON beside the page.

Runs stay on the machine that made them, while the page goes wherever the code goes. So the lines about runs that are
not on this machine come from that file.
"""

from pathlib import Path

import msgspec


class Results(msgspec.Struct):
    """By recipe or study the lines of its section, and by recipe the cells of its row in the table."""

    sections: dict[str, list[str]] = {}
    rows: dict[str, list[str]] = {}


def read_results(path: Path) -> Results:
    """Empty where there is no file yet."""
    return msgspec.json.decode(path.read_bytes(), type=Results) if path.exists() else Results()


def write_results(path: Path, results: Results) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
