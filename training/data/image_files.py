"""Image files in a folder or in a zip, decoded only when they are used: memory does not grow with their number."""

import os
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.errors import BadImage, ImageTooLarge, NoDigit
from service.images import ImageInput, prepare

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".avif"))
THREADS = len(os.sched_getaffinity(0))


class ImageArchive:
    """A folder or a zip: the sorted `names` of its image files, relative to it, and `open` for one of them."""

    names: list[str]
    open: Callable[[str], IO[bytes]]

    def __init__(self, path: Path) -> None:
        if path.is_dir():
            names = [file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()]
            self.open = lambda name: (path / name).open("rb")
        else:
            archive = zipfile.ZipFile(path)  # several threads may read from one ZipFile
            names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
            self.open = archive.open
        self.names = sorted(name for name in names if Path(name).suffix.lower() in SUFFIXES and not _is_hidden(name))

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            return file.read()

    def is_image(self, name: str) -> bool:
        """Whether the file starts like an image. Only the start is read, so the file may still be truncated."""
        try:
            with self.open(name) as file, Image.open(file):
                return True
        except (OSError, ValueError, Image.DecompressionBombError):
            return False


def _is_hidden(name: str) -> bool:
    """Whether it is a hidden file, or one that desktops leave beside images: `._1.jpg`, `__MACOSX/`."""
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


class ImageFiles:
    """A `Store` (training.data.dataset) of the files of those names: `files[rows]` decodes them, uint8 [K,H,W,C].

    The size limit is that of service.images. Raises BadImage with the file's name if one cannot be decoded.
    """

    def __init__(self, archive: ImageArchive, names: Sequence[str], treatment: str, side: int, channels: int) -> None:
        self._archive, self._names, self._treatment = archive, names, treatment
        self.shape = (len(names), side, side, channels)
        self._threads = ThreadPoolExecutor(THREADS, "decode")

    def __getitem__(self, rows: NDArray[np.int64], /) -> NDArray[np.uint8]:
        images = np.empty((len(rows), *self.shape[1:]), np.uint8)

        def fill(index: int) -> None:
            images[index] = self.decode(int(rows[index]))

        for _ in self._threads.map(fill, range(len(rows))):
            pass
        return images

    def decode(self, row: int) -> NDArray[np.uint8]:
        """uint8 [H,W,C]. Raises BadImage."""
        name, (_, height, width, channels) = self._names[row], self.shape
        try:
            return prepare(self._archive.read(name), ImageInput(height, width, channels, self._treatment))
        except (BadImage, ImageTooLarge, NoDigit, OSError, zipfile.BadZipFile) as error:
            raise BadImage(f"{name} cannot be read as a picture ({error}). Remove it and start again.") from None
