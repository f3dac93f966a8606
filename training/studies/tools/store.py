"""Results as JSON files, written in one step, so that an interrupted study resumes from a complete file."""

import json
from pathlib import Path
from typing import Any


def load(path: Path, default: Any) -> Any:
    """The value in the file, or `default` if there is no file."""
    return json.loads(path.read_text()) if path.exists() else default


def save(path: Path, value: object) -> None:
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(value, indent=1))
    temporary.replace(path)
