"""What is printed or drawn around digits: ruled and squared paper, frames, the boxes of forms."""

import numpy as np
from PIL import Image, ImageDraw

from training.data.pictured_digits.ink import SIDE, Field, Random, lay_ink, make_coordinates, photograph


def _rule(rng: Random, horizontal: bool, vertical: bool) -> Field:
    """The lines of ruled or squared paper, turned a little."""
    down, across = make_coordinates(SIDE)
    angle, distance = rng.normal(0, 0.02), rng.uniform(0.1, 0.3)
    axes = [down + angle * across] * horizontal + [across - angle * down] * vertical
    width = rng.uniform(0.004, 0.01)
    cells = [np.abs((axis / distance + rng.random()) % 1 - 0.5) * distance for axis in axes]
    return np.asarray(np.clip((width - np.minimum.reduce(cells)) * SIDE, 0, 1))


def draw_ruled(pixels: np.ndarray, rng: Random) -> bytes:
    return _draw_on_lines(pixels, rng, _rule(rng, True, False))


def draw_squared(pixels: np.ndarray, rng: Random) -> bytes:
    return _draw_on_lines(pixels, rng, _rule(rng, True, True))


def _draw_on_lines(pixels: np.ndarray, rng: Random, lines: Field) -> bytes:
    field = np.maximum(lay_ink(pixels, rng), rng.uniform(0.15, 0.4) * lines)
    return photograph(field, rng, (120, 190))


def _draw_polygon(corners: np.ndarray, width: float) -> Field:
    """Closed strokes through the corners, (x, y) in pixels."""
    sheet = Image.new("L", (2 * SIDE, 2 * SIDE))
    points = [(2 * float(x), 2 * float(y)) for x, y in (*corners, corners[0], corners[1])]
    ImageDraw.Draw(sheet).line(points, fill=255, width=max(1, round(2 * width)), joint="curve")
    return np.asarray(sheet.resize((SIDE, SIDE), Image.Resampling.BOX)) / 255


def _surround(field: Field, rng: Random, gap: tuple[float, float], wobble: float) -> np.ndarray:
    """The corners of a box around the ink, as far from it as `gap` says, in shares of the digit's height."""
    rows, columns = (np.flatnonzero(field.max(axis=axis) > 0.2) for axis in (1, 0))
    height = rows[-1] - rows[0]
    left, top, right, bottom = np.array([columns[0], rows[0], columns[-1], rows[-1]]) + (
        np.array([-1, -1, 1, 1]) * height * rng.uniform(*gap, 4)
    )
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    return np.asarray(np.clip(corners + rng.normal(0, wobble, (4, 2)) * height, 2, SIDE - 3))


def draw_framed(pixels: np.ndarray, rng: Random) -> bytes:
    """In a frame drawn by hand with the same pen or another."""
    field = lay_ink(pixels, rng, (0.3, 0.6))
    frame = _draw_polygon(_surround(field, rng, (0.12, 0.4), 0.02), rng.uniform(2, 8))
    return photograph(np.maximum(field, frame), rng)


def draw_boxed(pixels: np.ndarray, rng: Random) -> bytes:
    """In the printed box of a form, often one of a row; some digits touch or cross its lines."""
    field = lay_ink(pixels, rng, (0.3, 0.6))
    corners = _surround(field, rng, (-0.06, 0.25), 0.0)
    (left, top), (right, bottom) = corners[0], corners[2]
    lines, width = Image.new("L", (SIDE, SIDE)), int(rng.integers(1, 4))
    draw = ImageDraw.Draw(lines)
    step, (before, after) = right - left, rng.integers(0, 3, 2)
    for index in range(-before, after + 1):
        box = (left + index * step, top, right + index * step, bottom)
        draw.rectangle([round(float(edge)) for edge in box], outline=255, width=width)
    ink = np.maximum(field, np.asarray(lines) / 255 * rng.uniform(0.5, 1))
    turned = Image.fromarray((255 * ink).astype(np.uint8)).rotate(rng.normal(0, 1), Image.Resampling.BICUBIC)
    return photograph(np.asarray(turned) / 255, rng)
