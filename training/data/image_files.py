"""Pictures in a folder or in a zip, read and decoded only when they are asked for, so that memory stays bounded."""

import os
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.errors import BadImage, ImageTooLarge
from service.images import prepare

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".avif"))
THREADS = len(os.sched_getaffinity(0))


class Source:
    """The picture files under a folder or inside a zip: `names`, relative to it and sorted, and how to `open` one."""

    names: list[str]
    open: Callable[[str], IO[bytes]]

    def __init__(self, path: Path) -> None:
        if path.is_dir():
            found = [file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()]
            self.open = lambda name: (path / name).open("rb")
        else:
            archive = zipfile.ZipFile(path)  # many threads may read from one
            found = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
            self.open = archive.open
        self.names = sorted(name for name in found if Path(name).suffix.lower() in SUFFIXES and _wanted(name))

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            return file.read()

    def is_picture(self, name: str) -> bool:
        """Whether the file starts as a picture does, no more of it is read; it may still be cut short."""
        try:
            with self.open(name) as file, Image.open(file):
                return True
        except (OSError, ValueError, Image.DecompressionBombError):
            return False


def _wanted(name: str) -> bool:
    """Not what desktops leave beside pictures: `._1.jpg`, `__MACOSX/`, and other hidden things."""
    return not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


class Pictures:
    """A store of the pictures of those names: `pictures[rows]` decodes them, uint8 [K,H,W,C]. See splits.Store.

    Raises BadImage, which names the file, when one that is asked for cannot be decoded.
    """

    def __init__(self, source: Source, names: Sequence[str], treatment: str, side: int, channels: int) -> None:
        self._source, self._names, self._treatment = source, names, treatment
        self.shape = (len(names), side, side, channels)
        self._threads = ThreadPoolExecutor(THREADS, "decode")

    def __getitem__(self, rows: NDArray[np.int64], /) -> NDArray[np.uint8]:
        images = np.empty((len(rows), *self.shape[1:]), np.uint8)

        def fill(place: int) -> None:
            images[place] = self.one(int(rows[place]))

        for _ in self._threads.map(fill, range(len(rows))):
            pass
        return images

    def one(self, row: int) -> NDArray[np.uint8]:
        """uint8 [H,W,C]."""
        name, (_, height, width, channels) = self._names[row], self.shape
        try:
            return prepare(self._source.read(name), self._treatment, height, width, channels)
        except (BadImage, ImageTooLarge, OSError, zipfile.BadZipFile) as error:
            raise BadImage(f"{name} cannot be read as a picture ({error}). Remove it and go on.") from None
