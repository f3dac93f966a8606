"""Finds models: the versions published under `models/`, and the candidates of runs."""

from pathlib import Path

from training.errors import PublishError
from training.run import RUNS

MODELS = Path("models")


def list_versions(name: str) -> list[Path]:
    """The folders of a servable's versions, oldest first."""
    folders = [path for path in (MODELS / name).glob("*") if path.name.isdecimal()]
    return sorted(folders, key=lambda path: int(path.name))


def find_newest_version(name: str) -> Path | None:
    """The folder of a servable's highest version, None if nothing is published under that name."""
    versions = list_versions(name)
    return versions[-1] if versions else None


def find_candidate(recipe_name: str) -> Path | None:
    """The candidate of a recipe's run, None if there is none."""
    candidate = RUNS / recipe_name / "candidate"
    return candidate if (candidate / "saved_model.pb").exists() else None


def find_servable(name: str, publishes: str) -> Path:
    """The newest version of servable `publishes`, else the candidate of recipe `name`. Raises PublishError."""
    servable = find_newest_version(publishes) or find_candidate(name)
    if servable is None:
        raise PublishError(f"Nothing is published as '{publishes}' yet, and no run of '{name}' has ended.")
    return servable
