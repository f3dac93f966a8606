"""What people draw with: a mouse, pencil, chalk, colours, a broad marker, a pen of one pixel."""

import numpy as np
from PIL import Image, ImageFilter
from skimage.morphology import skeletonize

from training.data.pictured_digits.ink import (
    SIDE,
    Random,
    add_grain,
    encode,
    encode_jpeg,
    enlarge,
    lay_ink,
    make_coordinates,
    photograph,
    place,
)


def draw_canvas(pixels: np.ndarray, rng: Random) -> bytes:
    field = lay_ink(pixels, rng, (0.25, 0.9), side=280)
    return encode(255 * field if rng.random() < 0.5 else 255 - 255 * field)


def draw_transparent(pixels: np.ndarray, rng: Random) -> bytes:
    field = lay_ink(pixels, rng)
    return encode(np.dstack([np.full((SIDE, SIDE, 3), rng.integers(0, 256, 3)), 255 * field]))


def draw_coloured(pixels: np.ndarray, rng: Random) -> bytes:
    """A coloured pen on coloured paper, one of them dark."""
    pen, paper = rng.integers(0, 110, 3), rng.integers(160, 256, 3)
    if rng.random() < 0.3:
        pen, paper = paper, pen
    field = lay_ink(pixels, rng)[..., None]
    return encode_jpeg(add_grain(paper * (1 - field) + pen * field, rng), rng)


def draw_pencil(pixels: np.ndarray, rng: Random) -> bytes:
    """Faint and grainy strokes."""
    field = lay_ink(pixels, rng) * rng.uniform(0.6, 1, (SIDE, SIDE))
    return photograph(field, rng, (35, 80))


def draw_chalk(pixels: np.ndarray, rng: Random) -> bytes:
    field = lay_ink(pixels, rng) * rng.uniform(0.6, 1, (SIDE, SIDE))
    smear = np.asarray(Image.fromarray(rng.uniform(0, 30, (8, 8)).astype(np.float32)).resize((SIDE, SIDE)))
    return encode_jpeg(add_grain(rng.uniform(20, 70) + smear + rng.uniform(110, 170) * field, rng), rng)


def draw_bold(pixels: np.ndarray, rng: Random) -> bytes:
    """By a broad marker, in uneven light."""
    ink = Image.fromarray((255 * lay_ink(pixels, rng, (0.4, 0.75))).astype(np.uint8))
    field = np.asarray(ink.filter(ImageFilter.MaxFilter(2 * int(rng.integers(2, 6)) + 1))) / 255
    down, across = make_coordinates(SIDE)
    light = 1 - rng.uniform(0.1, 0.4) * (0.5 + rng.choice((-1, 1)) * down + rng.choice((-1, 1)) * across) / 1.5
    return photograph(field, rng, light=light)


def draw_thin(pixels: np.ndarray, rng: Random) -> bytes:
    """By a pen of one pixel."""
    line = skeletonize(enlarge(pixels, int(rng.uniform(0.3, 0.8) * SIDE)) > 0.5)  # type: ignore[no-untyped-call]
    field = place(line.astype(np.float32), rng, SIDE)
    return encode(255 - 255 * field if rng.random() < 0.7 else 255 * field)


def draw_equally_bright(pixels: np.ndarray, rng: Random) -> bytes:
    """Ink and paper of one brightness (ITU-R 601) in different colours."""
    weights = np.array([0.299, 0.587, 0.114])
    pen, paper = (_tint(rng, channel) for channel in ((0, 1) if rng.random() < 0.5 else (2, 1))[:: rng.choice([1, -1])])
    pen = pen + (paper - pen) @ weights
    field = lay_ink(pixels, rng)[..., None]
    return encode(add_grain(paper * (1 - field) + pen * field, rng), "JPEG", quality=90)


def _tint(rng: Random, channel: int) -> np.ndarray:
    """A colour in which one channel prevails."""
    colour = rng.uniform(40, 80, 3)
    colour[channel] = rng.uniform(140, 200)
    return colour
