"""Cats and dogs (Asirra, by way of Kaggle): photographs, read from a zip or a folder and kept as arrays on disk.

The test set is pictures 4001 to 5000 of each animal, as in the Kaggle archive `cat-and-dog`; everything else trains.
Preparing streams one image at a time; training then maps the arrays, so memory stays bounded however many there are.
"""

import hashlib
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from service.errors import BadImage
from training.data.dataset import Dataset, Split, hold_out, part, whole
from training.data.download import find
from training.data.image_files import Pictures, Source

URL = "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/kagglecatsanddogs_5340.zip"
CLASSES = ("cat", "dog")
CACHE = Path("runs/data")
_PICTURE = re.compile(r"(?i)(cat|dog)s?/(?:cat\.|dog\.)?(\d+)\.jpe?g$")


def load(
    size: int, train_size: int, validation: float, download: bool = False, seed: int = 0, first: int | None = None
) -> Dataset:
    """Images of size x size, the training split's of train_size x train_size to leave room for crops.

    `first` keeps, of each animal, pictures 1 to that number for training and validation (the Kaggle archive's 4,000).
    """
    path = find(("cat-and-dog.zip", "cat-and-dog", "kagglecatsanddogs_5340.zip"), URL, "Cats and dogs", download)
    at_size, numbers = _prepared(path, size)
    at_train, _ = _prepared(path, train_size)
    is_test = (numbers > 4000) & (numbers <= 5000)
    wanted = (numbers >= 1) & (numbers <= first) if first else ~is_test
    train, _ = hold_out(part(at_train, wanted & ~is_test), validation, seed)
    _, validate = hold_out(part(at_size, wanted & ~is_test), validation, seed)
    return Dataset("cats-dogs", CLASSES, "photo", train, validate, part(at_size, is_test))


def _prepared(path: Path, size: int) -> tuple[Split, NDArray[np.int32]]:
    """Every readable picture at that size, and the pictures' numbers; made once and then mapped from disk."""
    key = hashlib.sha256(f"{path.resolve()}:{path.stat().st_mtime_ns}".encode()).hexdigest()[:8]
    images_file = CACHE / f"cats-dogs-{key}-{size}.npy"
    facts_file = images_file.with_suffix(".facts.npy")
    if not facts_file.exists():
        _prepare(path, size, images_file, facts_file)
    labels, numbers = np.load(facts_file)
    return whole(np.load(images_file, mmap_mode="r"), labels), numbers


def _prepare(path: Path, size: int, images_file: Path, facts_file: Path) -> None:
    """Both files, made aside and put in their places whole: another process may be making the same ones."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=CACHE) as aside:
        made = Path(aside) / images_file.name
        np.save(made.with_suffix(".facts.npy"), _decoded(path, size, made))
        made.replace(images_file)
        made.with_suffix(".facts.npy").replace(facts_file)


def _decoded(path: Path, size: int, images_file: Path) -> NDArray[np.int32]:
    """Write the pictures; [2,N]: of each, the class and the number."""
    source = Source(path)
    names = [name for name in source.names if _PICTURE.search(name)]
    pictures = Pictures(source, names, "photo", size, 3)
    images = np.lib.format.open_memmap(images_file, "w+", np.uint8, pictures.shape)
    facts: list[tuple[int, int]] = []
    for row, name in enumerate(tqdm(names, desc=f"cats-dogs at {size}x{size}", unit="image")):
        animal, number = _PICTURE.search(name).groups()  # type: ignore[union-attr]
        try:
            images[len(facts)] = pictures.one(row)
        except BadImage:
            continue  # the public archive holds a few files that are no pictures
        facts.append((CLASSES.index(animal.lower()), int(number)))
    images.flush()
    return np.array(facts, "int32").T
