"""Digits as pen strokes: hand-made shapes, drawn with random bends, slants, sizes and pen widths."""

import math

import numpy as np
from PIL import Image, ImageDraw

Point = tuple[float, float]
Shape = list[list[Point]]  # strokes

SIDE = 280  # height and width of a drawing, pixels
OVERSAMPLING = 4


def _arc(x: float, y: float, rx: float, ry: float, start: float, stop: float) -> list[Point]:
    angles = np.radians(np.linspace(start, stop, 24))
    return [(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in angles]


# coordinates in a box of 1 x 1, angles clockwise from the right
SHAPES: dict[int, list[Shape]] = {
    0: [[_arc(0.5, 0.5, 0.28, 0.42, -100, 265)], [_arc(0.5, 0.5, 0.36, 0.4, -60, 300)]],
    1: [[[(0.38, 0.25), (0.54, 0.1), (0.5, 0.9)]], [[(0.5, 0.1), (0.5, 0.9)]]],
    2: [
        [[*_arc(0.5, 0.3, 0.25, 0.2, 190, 380), (0.27, 0.88), (0.78, 0.86)]],
        [[*_arc(0.5, 0.32, 0.24, 0.22, 200, 390), *_arc(0.36, 0.8, 0.1, 0.08, 20, 300), (0.6, 0.84), (0.82, 0.8)]],
    ],
    3: [
        [[*_arc(0.48, 0.3, 0.22, 0.2, 200, 440), *_arc(0.48, 0.69, 0.26, 0.21, -80, 150)]],
        [[(0.28, 0.12), (0.74, 0.12), (0.46, 0.42), *_arc(0.47, 0.66, 0.26, 0.24, -80, 150)]],
    ],
    4: [
        [[(0.62, 0.9), (0.64, 0.1), (0.22, 0.62), (0.82, 0.6)]],
        [[(0.3, 0.12), (0.26, 0.5), (0.78, 0.5)], [(0.68, 0.1), (0.66, 0.9)]],
    ],
    5: [
        [[(0.75, 0.12), (0.36, 0.13), (0.32, 0.45), *_arc(0.48, 0.65, 0.26, 0.23, -110, 150)]],
        [[(0.36, 0.12), (0.32, 0.46), *_arc(0.47, 0.66, 0.27, 0.23, -110, 150)], [(0.36, 0.12), (0.76, 0.1)]],
    ],
    6: [
        [[(0.66, 0.1), (0.4, 0.4), *_arc(0.49, 0.67, 0.22, 0.22, 190, 520)]],
        [[*_arc(0.68, 0.6, 0.4, 0.5, 265, 185), *_arc(0.5, 0.68, 0.22, 0.2, 190, 540)]],
    ],
    7: [
        [[(0.24, 0.14), (0.77, 0.12), (0.42, 0.9)]],
        [[(0.24, 0.14), (0.77, 0.12), (0.44, 0.9)], [(0.36, 0.52), (0.72, 0.5)]],
        [[(0.24, 0.24), (0.25, 0.14), (0.77, 0.12), (0.5, 0.55), (0.46, 0.9)]],
    ],
    8: [
        [[*_arc(0.5, 0.31, 0.19, 0.2, 90, 450), *_arc(0.5, 0.71, 0.24, 0.2, -90, 270)]],
        [[(0.7, 0.16), *_arc(0.5, 0.3, 0.2, 0.19, -40, -200), (0.68, 0.66), *_arc(0.5, 0.72, 0.22, 0.18, 0, 190),
          (0.64, 0.36), (0.7, 0.16)]],
    ],
    9: [
        [[*_arc(0.48, 0.33, 0.22, 0.21, 0, 360), (0.7, 0.33), (0.62, 0.92)]],
        [[*_arc(0.48, 0.33, 0.22, 0.21, 0, 360), (0.7, 0.33), (0.7, 0.7), *_arc(0.46, 0.72, 0.24, 0.19, 0, 140)]],
    ],
}  # fmt: skip


def draw_ink(digit: int, rng: np.random.Generator) -> Image.Image:
    """Mode L, 280 x 280: the amount of ink per pixel, drawn at four times the size and shrunk."""
    shape = SHAPES[digit][rng.integers(len(SHAPES[digit]))]
    height = SIDE * rng.uniform(0.25, 0.9)
    width = height * rng.uniform(0.7, 1.1)
    slant = rng.uniform(-0.25, 0.25)
    pen = max(2.0, height * rng.uniform(0.04, 0.16))
    left, top = (rng.uniform(0, SIDE - extent) for extent in (width, height))
    mask = Image.new("L", (SIDE * OVERSAMPLING, SIDE * OVERSAMPLING))
    draw = ImageDraw.Draw(mask)
    for stroke in shape:
        unit = np.array(stroke) + _random_bends(rng, len(stroke), 0.025)
        points = np.stack([left + width * (unit[:, 0] - slant * (unit[:, 1] - 0.5)), top + height * unit[:, 1]], axis=1)
        _draw_stroke(draw, points * OVERSAMPLING, pen * OVERSAMPLING)
    return mask.resize((SIDE, SIDE), Image.Resampling.BOX)


def _random_bends(rng: np.random.Generator, count: int, stddev: float) -> np.ndarray:
    """[count,2]: the displacement of each point of a stroke; it changes smoothly along the stroke."""
    positions = np.linspace(0, 3, count)
    return np.stack([np.interp(positions, range(4), rng.normal(0, stddev, 4)) for _ in range(2)], axis=1)


def _draw_stroke(draw: ImageDraw.ImageDraw, points: np.ndarray, width: float) -> None:
    draw.line([tuple(point) for point in points], fill=255, width=round(width), joint="curve")
    for x, y in points:
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
