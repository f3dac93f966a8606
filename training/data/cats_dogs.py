"""Cats and dogs (Asirra, distributed by Kaggle): photographs, decoded once from a zip or a folder into arrays on disk.

The test set is pictures 4001 to 5000 of each animal, as in Kaggle's archive `cat-and-dog`; all others are for training.
Pictures are decoded one at a time, and training memory-maps the arrays, so memory does not grow with their number.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from service.errors import BadImage
from training.data.dataset import Dataset, Split, hold_out
from training.data.download import find_or_download
from training.data.image_files import ImageArchive, ImageFiles

URL = "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/kagglecatsanddogs_5340.zip"
FILES = ("cat-and-dog.zip", "cat-and-dog", "kagglecatsanddogs_5340.zip")
CLASSES = ("cat", "dog")
CACHE = Path("runs/data")
_PICTURE = re.compile(r"(?i)(cat|dog)s?/(?:cat\.|dog\.)?(\d+)\.jpe?g$")


def load(
    size: int, train_size: int, validation: float, download: bool = False, seed: int = 0, first: int | None = None
) -> Dataset:
    """Images of size x size; those of the training split are train_size x train_size, which leaves room for crops.

    With `first`, training and validation use only pictures 1 to that number of each animal (4,000 in Kaggle's archive).
    Raises DataMissing.
    """
    path = find_or_download(FILES, URL, "Cats and dogs", download)
    all_images, numbers = _open_cache(path, size)
    all_train_images, _ = _open_cache(path, train_size)
    is_test = _is_test(numbers)
    is_train = (numbers >= 1) & (numbers <= first) & ~is_test if first else ~is_test
    train, _ = hold_out(all_train_images.select(is_train), validation, seed)
    _, validate = hold_out(all_images.select(is_train), validation, seed)
    return Dataset("cats-dogs", CLASSES, "photo", train, validate, all_images.select(is_test))


def iterate_test_files(count: int) -> Iterator[tuple[bytes, int]]:
    """(an image file, its class): at most `count` of the test set, evenly spaced. Raises DataMissing."""
    archive = ImageArchive(find_or_download(FILES, URL, "Cats and dogs", download=False))
    names, (labels, numbers) = _list_pictures(archive)
    tests = np.flatnonzero(_is_test(numbers))
    for row in tests[:: max(1, len(tests) // count)][:count]:
        yield archive.read(names[row]), int(labels[row])


def _list_pictures(archive: ImageArchive) -> tuple[list[str], NDArray[np.int32]]:
    """(the pictures' names, [2,N]: the label and the number of each)."""
    found = [(name, match) for name in archive.names if (match := _PICTURE.search(name))]
    facts = [(CLASSES.index(match[1].lower()), int(match[2])) for _, match in found]
    return [name for name, _ in found], np.array(facts, np.int32).reshape(-1, 2).T


def _is_test(numbers: NDArray[np.int32]) -> NDArray[np.bool_]:
    return (numbers > 4000) & (numbers <= 5000)


def _open_cache(path: Path, size: int) -> tuple[Split, NDArray[np.int32]]:
    """(every readable picture at that size, the pictures' numbers), memory-mapped; decoded on first use."""
    key = hashlib.sha256(f"{path.resolve()}:{path.stat().st_mtime_ns}".encode()).hexdigest()[:8]
    images_file = CACHE / f"cats-dogs-{key}-{size}.npy"
    facts_file = images_file.with_suffix(".facts.npy")
    if not facts_file.exists():
        _write_cache(path, size, images_file, facts_file)
    labels, numbers = np.load(facts_file)
    return Split.of(np.load(images_file, mmap_mode="r"), labels), numbers


def _write_cache(path: Path, size: int, images_file: Path, facts_file: Path) -> None:
    """Writes both files in a temporary folder, then renames them: another process may be writing the same ones."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=CACHE) as folder:
        temporary = Path(folder) / images_file.name
        np.save(temporary.with_suffix(".facts.npy"), _decode_all(path, size, temporary))
        temporary.replace(images_file)
        temporary.with_suffix(".facts.npy").replace(facts_file)


def _decode_all(path: Path, size: int, images_file: Path) -> NDArray[np.int32]:
    """Writes the images; returns [2,N], the label and the number of each."""
    archive = ImageArchive(path)
    names, facts = _list_pictures(archive)
    files = ImageFiles(archive, names, "photo", size, 3)
    images = np.lib.format.open_memmap(images_file, "w+", np.uint8, files.shape)
    readable: list[int] = []
    for index in tqdm(range(len(names)), desc=f"cats-dogs at {size}x{size}", unit="image"):
        try:
            images[len(readable)] = files.decode(index)
        except BadImage:
            continue  # the public archive holds a few files that are not images
        readable.append(index)
    images.flush()
    return facts[:, readable]
