"""MNIST's digits as ink on a sheet: enlarged, placed, with grain, and encoded."""

import io

import numpy as np
from PIL import Image

SIDE = 240

Random = np.random.Generator
Field = np.ndarray  # float [H,W], from 0 to 1


def lay_ink(pixels: np.ndarray, rng: Random, size: tuple[float, float] = (0.3, 0.8), side: int = SIDE) -> Field:
    """The digit with crisp strokes, its height that share of the sheet's, somewhere on the sheet."""
    height = round(side * rng.uniform(*size))
    return place(enlarge(pixels, height), rng, side)


def enlarge(pixels: np.ndarray, height: int) -> Field:
    """The ink alone, cropped and enlarged to that height; the blur of enlarging is taken back."""
    rows, columns = (np.flatnonzero(pixels.max(axis=axis) > 64) for axis in (1, 0))
    crop = Image.fromarray(np.pad(pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1))
    scale = height / (crop.height - 2)
    size = max(1, round(crop.width * scale)), round(crop.height * scale)
    grey = np.asarray(crop.resize(size, Image.Resampling.BICUBIC), np.float32) / 255
    return np.clip((grey - 0.5) * min(scale, 6.0) * 0.5 + 0.5, 0, 1)


def place(ink: Field, rng: Random, side: int) -> Field:
    field = np.zeros((side, side), np.float32)
    ink = ink[:side, :side]
    top, left = (int(rng.integers(0, side - extent + 1)) for extent in ink.shape)
    field[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return field


def draw_on(field: Field, rng: Random, contrast: tuple[float, float] = (90, 190), light: Field | float = 1.0) -> Field:
    """Grey levels: dark ink on light paper, in that light."""
    paper = rng.uniform(195, 250)
    return np.asarray((paper - rng.uniform(*contrast) * field) * light)


def add_grain(grey: Field, rng: Random, stddev: tuple[float, float] = (0.5, 4)) -> Field:
    return grey + rng.normal(0, rng.uniform(*stddev), grey.shape)


def make_coordinates(side: int) -> tuple[Field, Field]:
    """Down and across, each from -0.5 to 0.5."""
    down, across = np.mgrid[-0.5 : 0.5 : side * 1j, -0.5 : 0.5 : side * 1j]
    return down, across


def encode(grey: Field, image_format: str = "PNG", **options: int) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(np.clip(np.rint(grey), 0, 255).astype(np.uint8)).save(sink, image_format, **options)
    return sink.getvalue()


def encode_jpeg(grey: Field, rng: Random) -> bytes:
    return encode(grey, "JPEG", quality=int(rng.integers(60, 95)))


def photograph(
    field: Field, rng: Random, contrast: tuple[float, float] = (90, 190), light: Field | float = 1.0
) -> bytes:
    """A JPEG of dark ink on light paper, in that light, with a camera's grain."""
    return encode_jpeg(add_grain(draw_on(field, rng, contrast, light), rng), rng)
