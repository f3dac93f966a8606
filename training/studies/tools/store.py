"""Small results kept as JSON, whole or not at all: a study that is cut off while it writes can go on from the last."""

import json
from pathlib import Path
from typing import Any


def load(path: Path, otherwise: Any) -> Any:
    return json.loads(path.read_text()) if path.exists() else otherwise


def save(path: Path, value: object) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(value, indent=1))
    part.replace(path)
