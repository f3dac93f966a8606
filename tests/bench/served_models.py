"""Which nets are measured: the shipped models, and the small net as servables. TensorFlow stays in other processes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.report import OUT, ROOT

SHIPPED = ROOT / "models"
_PEERS = ROOT.parent / "shared/peers/model"


def source(given: Path | None = None) -> Path:
    """The small net as a SavedModel: the one given, that of the peers' known figures, or one with random weights."""
    for known in (given, _PEERS):
        if known is not None and known.exists():
            return known.resolve()
    made = OUT / "net"
    if not made.exists():
        _small("make", made)
    return made


def servable(small: Path, folder: Path) -> Path:
    """A folder of models with the small net as its `digits`; gives the folder."""
    _small("wrap", small, folder / "digits/1")
    return folder


def copies(models: Path, names: list[str]) -> None:
    """The first of these models again under each of the other names."""
    first, *others = names
    for name in others:
        shutil.copytree(models / first, models / name)
        said = newest(models, name) / "assets.extra/servable.json"
        said.write_text(json.dumps(json.loads(said.read_text()) | {"name": name}))


def newest(models: Path, name: str) -> Path:
    return max((models / name).iterdir(), key=lambda path: int(path.name))


def _small(*words: object) -> None:
    command = [sys.executable, "-m", "tests.bench.small_net", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"The small net could not be made: {done.stderr.strip()[-400:]}")
