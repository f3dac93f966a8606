"""Any pictures in a folder or a zip, each in a folder that is named as its class; decoded as they are trained on.

`<class>/<picture>`, or the same inside `train`, `validation` and `test`. Without the latter two, a share of the others
is held out, always the same: a tenth to test, and of the rest what the recipe says to validate.
"""

import sys
import zipfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from training.data.dataset import Dataset, Split, hold_out
from training.data.image_files import THREADS, Pictures, Source
from training.errors import DataMissing
from training.recipes.schema import Data

TEST = 0.1
_SPLITS = {
    **dict.fromkeys(("train", "training", "training_set"), "train"),
    **dict.fromkeys(("validation", "valid", "val"), "validation"),
    **dict.fromkeys(("test", "testing", "test_set"), "test"),
}
_LAYOUT = "It should hold <class>/<picture>, or that inside train/ and test/."


def load(what: Data) -> Dataset:
    """Pictures of size x size, the training split's of train_size x train_size. Raises DataMissing."""
    path = what.path
    source, names = _readable(path)
    classes = tuple(sorted({_label(name) for name in names}))
    if len(classes) < 2:
        raise DataMissing(f"{path} holds pictures of fewer than two classes. {_LAYOUT}")
    labels = np.array([classes.index(_label(name)) for name in names], np.int32)
    rows: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(names):
        rows[_split(name)].append(row)
    if not rows["train"]:
        raise DataMissing(f"{path} holds no pictures to train on. {_LAYOUT}")

    def split(side: int, which: str) -> Split:
        store = Pictures(source, names, what.treatment, side, what.channels)
        return Split(store, np.array(rows[which], np.int64), labels[rows[which]])

    def without_test(side: int) -> tuple[Split, Split]:
        """(what is left, what is held out to test)"""
        whole = split(side, "train")
        return (whole, split(side, "test")) if rows["test"] else hold_out(whole, TEST, seed=0)

    rest, test = without_test(what.size)
    train, _ = without_test(what.train_size or what.size)
    if rows["validation"]:
        validate = split(what.size, "validation")
    else:
        train, _ = hold_out(train, what.validation, what.seed + 1)
        _, validate = hold_out(rest, what.validation, what.seed + 1)
    return Dataset(Path(str(path)).stem, classes, what.treatment, train, validate, test)


def _readable(path: str | None) -> tuple[Source, list[str]]:
    """The source and the names of what is a picture in it; what only pretends to be is told on standard error."""
    if path is None:
        raise DataMissing("Say where the pictures are: --set data.path=<a folder or a zip>.")
    if not Path(path).exists():
        raise DataMissing(f"There is no folder or zip at {path}.")
    try:
        source = Source(Path(path))
    except zipfile.BadZipFile:
        raise DataMissing(f"{path} is neither a folder nor a zip.") from None
    names = [name for name in source.names if "/" in name]
    with ThreadPoolExecutor(THREADS) as threads:
        good = list(threads.map(source.is_picture, names))
    bad = [name for name, fine in zip(names, good, strict=True) if not fine]
    if bad:
        print(f"Left out {len(bad)} files that are no pictures: {', '.join(bad[:5])}", file=sys.stderr)
    names = [name for name, fine in zip(names, good, strict=True) if fine]
    if not names:
        raise DataMissing(f"{path} holds no pictures. {_LAYOUT}")
    return source, names


def _label(name: str) -> str:
    return name.split("/")[-2]


def _split(name: str) -> str:
    """Which split a folder above the class's names; training, if none does."""
    named = [_SPLITS[part.lower()] for part in name.split("/")[:-2] if part.lower() in _SPLITS]
    return named[-1] if named else "train"
