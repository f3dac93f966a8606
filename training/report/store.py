"""The lines of each recipe and study, stored as JSON beside the page.

Runs stay on the machine that made them, but the page is in the repository. So the lines about runs on other machines
come from this file.
"""

from pathlib import Path

import msgspec


class Results(msgspec.Struct):
    """`sections`: the lines by recipe or study. `rows`: the cells in the table by recipe."""

    sections: dict[str, list[str]] = {}
    rows: dict[str, list[str]] = {}


def read_results(path: Path) -> Results:
    """Empty results if the file does not exist yet."""
    return msgspec.json.decode(path.read_bytes(), type=Results) if path.exists() else Results()


def write_results(path: Path, results: Results) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
