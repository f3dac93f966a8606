"""Any images in a folder or a zip, in subfolders named like their classes; decoded while training.

`<class>/<image>`, or the same inside `train`, `validation` and `test`. Without a test or a validation folder, a share
of the training images is held out, always the same: a tenth for testing, then `data.validation` for validation.
"""

import sys
import zipfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from training.data.dataset import Dataset, Split, hold_out
from training.data.image_files import THREADS, ImageArchive, ImageFiles
from training.errors import DataMissing
from training.recipes.data_schema import FolderData

TEST_SHARE = 0.1
_SPLITS = {
    **dict.fromkeys(("train", "training", "training_set"), "train"),
    **dict.fromkeys(("validation", "valid", "val"), "validation"),
    **dict.fromkeys(("test", "testing", "test_set"), "test"),
}
_LAYOUT = "It should hold <class>/<picture>, or that inside train/ and test/."


def load(config: FolderData) -> Dataset:
    """Images of size x size; those of the training split are train_size x train_size. Raises DataMissing."""
    path = config.path
    archive, names = _open_archive(path)
    classes = tuple(sorted({_label_of(name) for name in names}))
    if len(classes) < 2:
        raise DataMissing(f"{path} holds pictures of fewer than two classes. {_LAYOUT}")
    labels = np.array([classes.index(_label_of(name)) for name in names], np.int32)
    rows: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(names):
        rows[_split_of(name)].append(row)
    if not rows["train"]:
        raise DataMissing(f"{path} holds no pictures to train on. {_LAYOUT}")

    def split(side: int, name: str) -> Split:
        store = ImageFiles(archive, names, config.treatment, side, config.channels)
        return Split(store, np.array(rows[name], np.int64), labels[rows[name]])

    def split_off_test(side: int) -> tuple[Split, Split]:
        """(the rest, the test images)"""
        train = split(side, "train")
        return (train, split(side, "test")) if rows["test"] else hold_out(train, TEST_SHARE, seed=0)

    rest, test = split_off_test(config.size)
    train, _ = split_off_test(config.train_size or config.size)
    if rows["validation"]:
        validate = split(config.size, "validation")
    else:
        train, _ = hold_out(train, config.validation, config.seed + 1)
        _, validate = hold_out(rest, config.validation, config.seed + 1)
    return Dataset(Path(str(path)).stem, classes, config.treatment, train, validate, test)


def _open_archive(path: str | None) -> tuple[ImageArchive, list[str]]:
    """The archive and the names of its images. Files that only look like images are reported on standard error."""
    if path is None:
        raise DataMissing("Name the folder or zip of pictures: --set data.path=<a folder or a zip>.")
    if not Path(path).exists():
        raise DataMissing(f"There is no folder or zip at {path}.")
    try:
        archive = ImageArchive(Path(path))
    except zipfile.BadZipFile:
        raise DataMissing(f"{path} is neither a folder nor a zip.") from None
    names = [name for name in archive.names if "/" in name]
    with ThreadPoolExecutor(THREADS) as threads:
        is_image = dict(zip(names, threads.map(archive.is_image, names), strict=True))
    bad = [name for name in names if not is_image[name]]
    if bad:
        print(f"Left out {len(bad)} files that are not pictures: {', '.join(bad[:5])}", file=sys.stderr)
    names = [name for name in names if is_image[name]]
    if not names:
        raise DataMissing(f"{path} holds no pictures. {_LAYOUT}")
    return archive, names


def _label_of(name: str) -> str:
    return name.split("/")[-2]


def _split_of(name: str) -> str:
    """The split that a folder above the class folder names; `train` if none does."""
    splits = [_SPLITS[part.lower()] for part in name.split("/")[:-2] if part.lower() in _SPLITS]
    return splits[-1] if splits else "train"
