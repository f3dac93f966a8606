"""Finds models: the versions published under `models/`, and the candidates that runs have left."""

from pathlib import Path

from training.errors import PublishError
from training.run import RUNS

MODELS = Path("models")


def list_versions(name: str) -> list[Path]:
    """The folders of a servable's versions, oldest first."""
    folders = [path for path in (MODELS / name).glob("*") if path.name.isdecimal()]
    return sorted(folders, key=lambda path: int(path.name))


def newest_version(name: str) -> Path | None:
    """The highest version of a servable."""
    versions = list_versions(name)
    return versions[-1] if versions else None


def find_candidate(recipe_name: str) -> Path | None:
    """The candidate of a recipe's run, if the run has left one."""
    candidate = RUNS / recipe_name / "candidate"
    return candidate if (candidate / "saved_model.pb").exists() else None


def find_servable(name: str, publishes: str) -> Path:
    """What is published as `publishes`, else the candidate of the run of recipe `name`. Raises PublishError."""
    servable = newest_version(publishes) or find_candidate(name)
    if servable is None:
        raise PublishError(f"Nothing is published as '{publishes}' yet, and no run of '{name}' has ended.")
    return servable
