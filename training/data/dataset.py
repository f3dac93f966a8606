"""What every data set gives: three splits of images and labels."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

CHUNK_BYTES = 4 << 20  # of pixels; inside a net the same images are floats, and several copies of them


class Store(Protocol):
    """Images uint8 [M,H,W,C]: an array in memory, a memory-mapped array, or files that are decoded when read."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows: NDArray[np.int64], /) -> NDArray[np.uint8]: ...


@dataclass(frozen=True)
class Split:
    """Some rows of a store of images; `rows` and `labels` are [N].

    The store is never copied as a whole: only the requested images are read.
    """

    store: Store
    rows: NDArray[np.int64]
    labels: NDArray[np.int32]

    @classmethod
    def of(cls, images: Store, labels: NDArray[np.integer]) -> "Split":
        """A split of all images of a store."""
        return cls(images, np.arange(len(labels)), labels.astype(np.int32))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        _, height, width, channels = self.store.shape
        return height, width, channels

    def images(self, indices: NDArray[np.int64] | slice = slice(None)) -> NDArray[np.uint8]:
        """uint8 [K,H,W,C]: those images of the split, by default all of them."""
        return np.asarray(self.store[self.rows[indices]])

    def select(self, indices: NDArray) -> "Split":
        """The split of those images only; `indices` may be a mask over the split."""
        return Split(self.store, self.rows[indices], self.labels[indices])


@dataclass(frozen=True)
class Dataset:
    """`treatment` names the geometric preparation of the images (service.images)."""

    name: str
    classes: tuple[str, ...]
    treatment: str
    train: Split
    validation: Split
    test: Split

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all labels and of a sample of the pixels: it differs between two preparations of the data."""
        digest = hashlib.sha256()
        for split in (self.train, self.validation, self.test):
            digest.update(repr((len(split), split.shape)).encode())
            digest.update(split.labels.tobytes())
            for index in range(0, len(split), max(1, len(split) // 500)):
                digest.update(split.images(slice(index, index + 1)).tobytes())
        return digest.hexdigest()


def chunk_size(shape: tuple[int, ...]) -> int:
    """How many images of that shape to process at once: 100, or fewer large ones."""
    return max(1, min(100, CHUNK_BYTES // math.prod(shape)))


def chunks(split: Split, indices: NDArray[np.int64] | None = None) -> Iterator[NDArray[np.uint8]]:
    """uint8 [K,H,W,C], in order: those images of the split (by default all), in chunks that bound the memory."""
    rows = np.arange(len(split)) if indices is None else indices
    count = chunk_size(split.shape)
    return (split.images(rows[start : start + count]) for start in range(0, len(rows), count))


def evenly_spaced(split: Split, limit: int) -> NDArray[np.int64]:
    """Indices of at most `limit` images, evenly spaced over the split."""
    return np.arange(0, len(split), max(1, len(split) // limit))[:limit]


def hold_out(split: Split, share: float, seed: int) -> tuple[Split, Split]:
    """(the rest, the held-out images), drawn at random by the seed; a share from 1 on is a count."""
    order = np.random.default_rng(seed).permutation(len(split))
    cut = round(len(split) * share if share < 1 else share)
    return split.select(np.sort(order[cut:])), split.select(np.sort(order[:cut]))


def limit_images(data: Dataset, count: int) -> Dataset:
    """At most `count` random images of each split, for a quick look."""

    def limit(split: Split) -> Split:
        return split.select(np.sort(np.random.default_rng(0).permutation(len(split))[:count]))

    return replace(data, train=limit(data.train), validation=limit(data.validation), test=limit(data.test))
