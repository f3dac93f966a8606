"""The peers' virtual environments, .peers/<name>. Each is made when it is missing or its requirements changed."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.config import ROOT
from tests.bench.peers.catalog import Peer

FOLDER = ROOT / ".peers"


def get_bin_folder(peer: Peer) -> Path:
    return FOLDER / peer.name / "bin"


def set_up(peer: Peer) -> None:
    """Makes the environment of the peer if necessary. Raises RuntimeError with a sentence if that fails."""
    folder = FOLDER / peer.name
    marker = folder / "made-from.txt"
    requirements = peer.requirements.read_text()
    if not marker.exists() or marker.read_text() != requirements:
        print(f"Setting up {peer.title} in {folder} ...", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _run([peer.python or sys.executable, "-m", "venv", str(folder)])
        pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "-r", str(peer.requirements)])
        marker.write_text(requirements)


def _run(command: list[str]) -> None:
    try:
        process = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        raise RuntimeError(f"{command[0]} is not installed") from None
    if process.returncode:
        output = (process.stdout + process.stderr).splitlines()
        errors = [line for line in output if line and not line.startswith("WARNING")]
        raise RuntimeError(f"{' '.join(command[1:4])} failed: {' '.join(errors[-3:])[-300:]}")
