"""Finds the files of a data set in `DATA_DIR`, or else in the project's `data/` folder; downloads them on request."""

import os
import shutil
import urllib.request
from pathlib import Path

from training.errors import DataMissing

PROJECT_DATA = Path(__file__).parents[2] / "data"


def data_folder() -> Path:
    return Path(os.environ.get("DATA_DIR") or PROJECT_DATA)


def find_or_download(candidates: tuple[str, ...], url: str, title: str, download: bool) -> Path:
    """The first candidate that exists in the data folder; with `download`, it is fetched under the first name.

    Raises DataMissing.
    """
    folder = data_folder()
    for name in candidates:
        if (folder / name).exists():
            return folder / name
    target = folder / candidates[0]
    if download:
        return download_file(url, target)
    raise DataMissing(
        f"{title} is not in {folder}: put {candidates[0]} there (or set DATA_DIR to the folder that holds it), "
        f"or run the same command with --download to fetch it from {url}."
    )


def download_file(url: str, target: Path) -> Path:
    """Downloads to a temporary name, then renames: an interrupted download leaves nothing under the target's name.

    Raises DataMissing.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    try:
        with urllib.request.urlopen(url, timeout=60) as source, part.open("wb") as sink:
            shutil.copyfileobj(source, sink)
    except OSError as error:
        raise DataMissing(f"Could not download {url}: {error}. Put the file at {target} by hand.") from None
    return part.rename(target)
