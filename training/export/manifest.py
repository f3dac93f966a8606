"""The facts that training records in a candidate's manifest. service.manifest defines its structure and its file."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from service.images import ImageInput
from service.manifest import TrainedManifest, read_trained_manifest, write_manifest
from training.data import Dataset
from training.recipes.stored import upgrade_stored
from training.run import Run

LIBRARIES = ("tensorflow-cpu", "keras", "numpy", "pillow")


def write_candidate_manifest(run: Run, kind: Literal["classifier", "generator"], data: Dataset, side: int) -> None:
    """Write `assets.extra/servable.json`. `add_facts` adds the test figures later."""
    facts = {
        "recipe": run.recipe.model_dump(mode="json"),
        "data": {"name": data.name, "fingerprint": data.fingerprint, "train": len(data.train)},
        "validation": len(data.validation),
        "libraries": _list_versions(),
        "revision": _get_revision(),
    }
    image = ImageInput(side, side, data.train.shape[2], data.treatment)
    write_manifest(run.candidate, TrainedManifest(run.recipe.publishes, kind, data.classes, image, facts))


def read_manifest(version_dir: Path) -> TrainedManifest:
    """The manifest with its facts; the recipe in them has the current field names. Raises ManifestError."""
    manifest = read_trained_manifest(version_dir)
    if "recipe" not in manifest.facts:
        return manifest
    return replace(manifest, facts=manifest.facts | {"recipe": upgrade_stored(manifest.facts["recipe"])})


def add_facts(version_dir: Path, **facts: object) -> None:
    """Add facts to the manifest, or replace them. Raises ManifestError."""
    manifest = read_manifest(version_dir)
    write_manifest(version_dir, replace(manifest, facts=manifest.facts | facts))


def _list_versions() -> dict[str, str]:
    versions = {"python": sys.version.split()[0]}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except ModuleNotFoundError:
            continue
    return versions


def _get_revision() -> str:
    """The git revision of the code, with `+` if files differ from it; empty outside a repository."""

    def run_git(*arguments: str) -> str:
        command = ["git", *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent).stdout.strip()

    return run_git("rev-parse", "--short", "HEAD") + ("+" if run_git("status", "--porcelain", "-uno") else "")
