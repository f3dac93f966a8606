"""The peers' environments: .peers/<name>, made when missing or when their requirements changed."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.peers.catalog import Peer
from tests.bench.report import ROOT

FOLDER = ROOT / ".peers"


def programs(peer: Peer) -> Path:
    """Where the programs of its environment are."""
    return FOLDER / peer.name / "bin"


def setup(peer: Peer) -> None:
    """Make its environment if need be. Raises RuntimeError with a sentence if that fails."""
    home = FOLDER / peer.name
    mark = home / "made-from.txt"
    wanted = peer.requirements.read_text()
    if not mark.exists() or mark.read_text() != wanted:
        print(f"Setting up {peer.title} in {home} ...", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        _run([peer.python or sys.executable, "-m", "venv", str(home)])
        pip = [str(home / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "-r", str(peer.requirements)])
        mark.write_text(wanted)


def _run(words: list[str]) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True)
    except FileNotFoundError:
        raise RuntimeError(f"{words[0]} is not here") from None
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line and not line.startswith("WARNING")]
        raise RuntimeError(f"{' '.join(words[1:4])} failed: {' '.join(said[-3:])[-300:]}")
