"""What the report said before: runs stay on the machine that made them, the page goes wherever the code goes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

_HEADING = re.compile(r"^### (\S+)$")
_ROW = re.compile(r"^\| \[(\S+)\]\(")


@dataclass(frozen=True)
class Earlier:
    """By recipe or study: its section, below the heading, and of a recipe its row of the table."""

    sections: Mapping[str, list[str]]
    rows: Mapping[str, list[str]]


def read(page: Path) -> Earlier:
    """Nothing where there is no page yet."""
    lines = page.read_text().splitlines() if page.exists() else []
    name, sections = "", {}
    for is_heading, some in groupby(lines, lambda line: line.startswith("#")):
        if is_heading:
            found = _HEADING.match(list(some)[-1])
            name = found[1] if found else ""
        elif name:
            sections[name] = "\n".join(some).strip().splitlines()
    rows = {found[1]: _cells(line) for line in lines if (found := _ROW.match(line))}
    return Earlier(sections, rows)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
