"""The folder of models on disk: `<name>/<integer>/` with a SavedModel in each."""

import re
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def scan(model_dir: Path) -> dict[str, dict[int, Path]]:
    """Folders of versions by name and number. A half-copied version has no SavedModel yet, or fails to load."""
    versions: dict[str, dict[int, Path]] = {}
    for path in sorted(model_dir.glob("*/*/saved_model.pb")):
        version_dir = path.parent
        if version_dir.name.isdecimal() and _NAME.fullmatch(version_dir.parent.name):
            versions.setdefault(version_dir.parent.name, {})[int(version_dir.name)] = version_dir
    return versions


def fingerprint(version_dir: Path) -> int:
    """Changes when a file of the version changes, comes or goes."""
    files = sorted(file for file in version_dir.rglob("*") if file.is_file())
    return hash(tuple((file.as_posix(), file.stat().st_size, file.stat().st_mtime_ns) for file in files))
