"""Images to send: from files, bytes and file objects, read when their turn comes, in batches of bounded size."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .errors import UnreadableImage

MAX_IMAGE_BYTES = 64 << 20  # the service's default bound for a request's body
MAX_BATCH_BYTES = 16 << 20  # a batch of large images holds fewer of them


@dataclass(frozen=True)
class Picture:
    """An encoded image that is read only when it is sent. `size` is in bytes."""

    name: str
    size: int
    read: Callable[[], bytes]


ImageSource = bytes | str | os.PathLike[str] | BinaryIO | Picture


def to_picture(image: ImageSource) -> Picture:
    """A `str` is a path. A file object is read at once. A missing file fails only when it is read."""
    if isinstance(image, Picture):
        return image
    if isinstance(image, str | os.PathLike):
        path = Path(image)
        return Picture(str(path), path.stat().st_size if path.exists() else 0, path.read_bytes)
    data = image if isinstance(image, bytes) else image.read()
    return Picture("image", len(data), lambda: data)


def to_pictures(images: Iterable[ImageSource]) -> Iterator[Picture]:
    """Raises TypeError for one image: its characters or bytes would be taken for images."""
    if isinstance(images, str | bytes | os.PathLike):
        raise TypeError("images must be several, such as a list; for one image write [image].")
    return map(to_picture, images)


def make_batches(pictures: Iterable[Picture], count: int) -> Iterator[list[Picture]]:
    """Batches of at most `count` pictures and MAX_BATCH_BYTES; a larger picture is a batch of its own."""
    batch: list[Picture] = []
    size = 0
    for picture in pictures:
        if batch and (len(batch) >= count or size + picture.size > MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(picture)
        size += picture.size
    if batch:
        yield batch


def read_pictures(pictures: Sequence[Picture]) -> list[bytes | UnreadableImage]:
    """The bytes of each, or why it cannot be sent. It blocks."""
    return [_try_to_read(picture) for picture in pictures]


def _try_to_read(picture: Picture) -> bytes | UnreadableImage:
    try:
        return read_picture(picture)
    except UnreadableImage as error:
        return error


def read_picture(picture: Picture) -> bytes:
    """Raises UnreadableImage."""
    if picture.size > MAX_IMAGE_BYTES:
        raise UnreadableImage(f"The file has {picture.size} bytes; at most {MAX_IMAGE_BYTES} are sent.")
    try:
        return picture.read()
    except Exception as error:  # of zip files, many kinds: a wrong checksum, a password, an unknown compression
        raise UnreadableImage(f"The file cannot be read: {_describe(error)}.") from None


def _describe(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.rstrip(".") or type(error).__name__
