"""The training images nearest to a generator's samples: whether it draws or copies, for people to see."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.data import Split

Images = NDArray[np.uint8]


def rows(images: Images, among: Split, count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """([N,count], [N,count]): the nearest images of the split and how far they are, per pixel (root mean square)."""
    flat = images.reshape(len(images), -1).astype(np.float32)
    known = among.images().reshape(len(among), -1).astype(np.float32)
    squares = (flat**2).sum(1)[:, None] - 2 * flat @ known.T + (known**2).sum(1)[None]
    near = np.argsort(squares, axis=1)[:, :count]
    away = np.sqrt(np.clip(np.take_along_axis(squares, near, 1), 0, None) / flat.shape[1])
    return near, away.astype(np.float64)


def typical(images: Images, among: Split) -> float:
    """How far, per pixel, the nearest image of the split is from each of these, in the middle of all of them."""
    return float(np.median(rows(images, among, 1)[1]))


def draw(images: Images, among: Split, path: Path, scale: int = 2) -> None:
    """A picture: each sample, and under it, framed off, the three training images nearest to it."""
    near, _ = rows(images, among, 3)
    gap = np.full((4, images.shape[2] * len(images)), 128, np.uint8)
    lines = [images, *(among.images(near[:, at]) for at in range(3))]
    strips = [np.concatenate(list(line[..., 0]), axis=1) for line in lines]
    sheet = Image.fromarray(np.concatenate([strips[0], gap, *strips[1:]]))
    sheet.resize((sheet.width * scale, sheet.height * scale), Image.Resampling.NEAREST).save(path, optimize=True)
