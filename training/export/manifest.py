"""What a servable says of itself: `assets.extra/servable.json`."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from training.data import Dataset
from training.recipes.stored import upgrade_stored
from training.run import Run

LIBRARIES = ("tensorflow-cpu", "keras", "numpy", "pillow")


def write_manifest(run: Run, kind: str, data: Dataset, image: dict[str, object]) -> None:
    """Write `assets.extra/servable.json`; the test figures come in later, with `add_facts`."""
    body = {
        "name": run.recipe.publishes,
        "kind": kind,
        "labels": list(data.classes),
        "image": image,
        "facts": {
            "recipe": run.recipe.model_dump(mode="json"),
            "data": {"name": data.name, "fingerprint": data.fingerprint, "train": len(data.train)},
            "validation": len(data.validation),
            "libraries": _versions(),
            "revision": _revision(),
        },
    }
    (run.candidate / "assets.extra").mkdir(parents=True, exist_ok=True)
    manifest_path(run.candidate).write_text(json.dumps(body, indent=1))


def manifest_path(version_dir: Path) -> Path:
    return version_dir / "assets.extra" / "servable.json"


def read_manifest(version_dir: Path) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(manifest_path(version_dir).read_text())
    if "recipe" in body["facts"]:
        body["facts"]["recipe"] = upgrade_stored(body["facts"]["recipe"])
    return body


def add_facts(version_dir: Path, **facts: object) -> None:
    body = read_manifest(version_dir)
    body["facts"] |= facts
    manifest_path(version_dir).write_text(json.dumps(body, indent=1))


def _versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0]}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except ModuleNotFoundError:
            continue
    return found


def _revision() -> str:
    """The git revision of the code, with `+` if files differ from it; empty outside a checkout."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], capture_output=True, text=True, cwd=Path(__file__).parent).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")
