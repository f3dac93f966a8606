"""The models that are measured: the shipped ones, and the small net as a servable. Imports no TensorFlow."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.config import OUT, ROOT

SHIPPED = ROOT / "models"
_PEERS_NET = ROOT.parent / "shared/peers/model"


def find_small_net(path: Path | None = None) -> Path:
    """The small net as a SavedModel: at `path`, or the one that the peers were measured with, or a new random one."""
    for candidate in (path, _PEERS_NET):
        if candidate is not None and candidate.exists():
            return candidate.resolve()
    random_net = OUT / "net"
    if not random_net.exists():
        _run_small_net("make", random_net)
    return random_net


def make_small_servable(net: Path, folder: Path) -> Path:
    """Writes the small net into the folder as the model `digits` and returns the folder."""
    _run_small_net("wrap", net, folder / "digits/1")
    return folder


def copy_model(models: Path, names: list[str]) -> None:
    """Copies the model of the first name to each of the other names."""
    first, *others = names
    for name in others:
        shutil.copytree(models / first, models / name)
        manifest = find_newest_version(models, name) / "assets.extra/servable.json"
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"name": name}))


def find_newest_version(models: Path, name: str) -> Path:
    return max((models / name).iterdir(), key=lambda path: int(path.name))


def _run_small_net(*arguments: object) -> None:
    command = [sys.executable, "-m", "tests.bench.small_net", *map(str, arguments)]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if process.returncode:
        sys.exit(f"The small net could not be made: {process.stderr.strip()[-400:]}")
