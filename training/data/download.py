"""Finding the files of a data set: `DATA_DIR`, else the project's own `data/` folder; downloading when asked to."""

import os
import shutil
import urllib.request
from pathlib import Path

from training.errors import DataMissing

PROJECT_DATA = Path(__file__).parents[2] / "data"


def folder() -> Path:
    return Path(os.environ.get("DATA_DIR") or PROJECT_DATA)


def find(candidates: tuple[str, ...], url: str, title: str, download: bool) -> Path:
    """The first candidate that exists under the data folder; fetched from `url` under the first name if asked.

    Raises DataMissing.
    """
    for name in candidates:
        if (folder() / name).exists():
            return folder() / name
    target = folder() / candidates[0]
    if download:
        return fetch(url, target)
    raise DataMissing(
        f"{title} is not in {folder()}: put {candidates[0]} there (or set DATA_DIR to the folder that holds it), "
        f"or run the same command with --download to fetch it from {url}."
    )


def fetch(url: str, target: Path) -> Path:
    """Download to a temporary name, then rename: a broken download never looks like the data."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    try:
        with urllib.request.urlopen(url, timeout=60) as source, part.open("wb") as sink:
            shutil.copyfileobj(source, sink)
    except OSError as error:
        raise DataMissing(f"Could not download {url}: {error}. Put the file at {target} by hand.") from None
    return part.rename(target)
