"""Finding a model: what is published under `models/`, else the candidate that a run has left."""

from pathlib import Path

from training.errors import PublishError
from training.run import RUNS

MODELS = Path("models")


def newest_version(name: str) -> Path | None:
    """The highest version of a servable."""
    found = [path for path in (MODELS / name).glob("*") if path.name.isdecimal()]
    return max(found, key=lambda path: int(path.name), default=None)


def find_servable(name: str, publishes: str) -> Path:
    """What is published as `publishes`, else the candidate of the run of recipe `name`. Raises PublishError."""
    candidate = RUNS / name / "candidate"
    found = newest_version(publishes) or (candidate if (candidate / "saved_model.pb").exists() else None)
    if found is None:
        raise PublishError(f"Nothing is published as '{publishes}' yet, and no run of '{name}' has ended.")
    return found
