"""What every data set gives: three splits of images and labels."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

PIECE = 4 << 20  # bytes of pixels at a time; in a net the same images are floats, and there several times over


class Store(Protocol):
    """Images uint8 [M,H,W,C]: an array in memory, one mapped from disk, or pictures that are decoded when asked for."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows: NDArray[np.int64], /) -> NDArray[np.uint8]: ...


@dataclass(frozen=True)
class Split:
    """Some rows of a store of images; `rows` and `labels` [N].

    The store is never copied whole: only the images asked for are read.
    """

    store: Store
    rows: NDArray[np.int64]
    labels: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        _, height, width, channels = self.store.shape
        return height, width, channels

    def images(self, which: NDArray[np.int64] | slice = slice(None)) -> NDArray[np.uint8]:
        """uint8 [K,H,W,C]: those images of the split, all of them by default."""
        return np.asarray(self.store[self.rows[which]])


@dataclass(frozen=True)
class Dataset:
    """`treatment` names the geometry that brought the images to their size (service.images)."""

    name: str
    classes: tuple[str, ...]
    treatment: str
    train: Split
    validation: Split
    test: Split

    @property
    def fingerprint(self) -> str:
        """SHA-256 over every label and a sample of pixels: enough to tell one preparation of the data from another."""
        digest = hashlib.sha256()
        for split in (self.train, self.validation, self.test):
            digest.update(repr((len(split), split.shape)).encode())
            digest.update(split.labels.tobytes())
            for at in range(0, len(split), max(1, len(split) // 500)):
                digest.update(split.images(slice(at, at + 1)).tobytes())
        return digest.hexdigest()


def chunk_size(shape: tuple[int, ...]) -> int:
    """How many images of that shape to look at in one go: a hundred, fewer of large ones."""
    return max(1, min(100, PIECE // math.prod(shape)))


def chunks(split: Split, which: NDArray[np.int64] | None = None) -> Iterator[NDArray[np.uint8]]:
    """uint8 [K,H,W,C], in order: those images of the split (all by default), so many that memory stays small."""
    rows = np.arange(len(split)) if which is None else which
    count = chunk_size(split.shape)
    return (split.images(rows[at : at + count]) for at in range(0, len(rows), count))


def evenly_spaced(split: Split, most: int) -> NDArray[np.int64]:
    """Which images to look at where `most` will do: evenly spaced ones."""
    return np.arange(0, len(split), max(1, len(split) // most))[:most]


def whole(images: NDArray[np.uint8], labels: NDArray[np.integer]) -> Split:
    """A split of every image there is."""
    return Split(images, np.arange(len(labels)), labels.astype(np.int32))


def hold_out(split: Split, share: float, seed: int) -> tuple[Split, Split]:
    """(the rest, what is held out), drawn at random but always the same for one seed; a share from 1 on is a count."""
    order = np.random.default_rng(seed).permutation(len(split))
    cut = round(len(split) * share if share < 1 else share)
    return part(split, np.sort(order[cut:])), part(split, np.sort(order[:cut]))


def part(split: Split, which: NDArray) -> Split:
    """The split of those images only; `which` are indices or a mask over the split."""
    return Split(split.store, split.rows[which], split.labels[which])


def limit_images(data: Dataset, count: int) -> Dataset:
    """At most `count` images to train on, and as many to validate and to test on: for a quick look."""

    def some(split: Split) -> Split:
        return part(split, np.sort(np.random.default_rng(0).permutation(len(split))[:count]))

    return replace(data, train=some(data.train), validation=some(data.validation), test=some(data.test))
