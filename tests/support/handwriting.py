"""Digits drawn from strokes: on paper in uneven light, or on a transparent canvas."""

import math
import random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Point = tuple[float, float]


def _arc(x: float, y: float, rx: float, ry: float, start: float, stop: float) -> list[Point]:
    angles = np.radians(np.linspace(start, stop, 24))
    return [(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in angles]


# the strokes of each digit, in a box of 1 x 1
STROKES: dict[int, list[list[Point]]] = {
    0: [_arc(0.5, 0.5, 0.28, 0.42, -100, 265)],
    1: [[(0.38, 0.25), (0.54, 0.1), (0.5, 0.9)]],
    2: [[*_arc(0.5, 0.3, 0.25, 0.2, 190, 380), (0.27, 0.88), (0.78, 0.86)]],
    3: [[*_arc(0.48, 0.3, 0.22, 0.2, 200, 440), *_arc(0.48, 0.69, 0.26, 0.21, -80, 150)]],
    4: [[(0.62, 0.9), (0.64, 0.1), (0.22, 0.62), (0.82, 0.6)]],
    5: [[(0.75, 0.12), (0.36, 0.13), (0.32, 0.45), *_arc(0.48, 0.65, 0.26, 0.23, -110, 150)]],
    6: [[(0.66, 0.1), (0.4, 0.4), *_arc(0.49, 0.67, 0.22, 0.22, 190, 520)]],
    7: [[(0.24, 0.14), (0.77, 0.12), (0.42, 0.9)]],
    8: [[*_arc(0.5, 0.31, 0.19, 0.2, 90, 450), *_arc(0.5, 0.71, 0.24, 0.2, -90, 270)]],
    9: [[*_arc(0.48, 0.33, 0.22, 0.21, 0, 360), (0.7, 0.33), (0.62, 0.92)]],
}


def draw_digit(digit: int, rng: random.Random) -> Image.Image:
    """An image of 240 x 240 with the digit off-centre and slanted: dark on light paper, light on dark, or RGBA."""
    side, scale = 240, rng.uniform(90, 170)
    left, top = (rng.uniform(10, side - scale - 10) for _ in range(2))
    slant, width = rng.uniform(-0.2, 0.2), rng.randint(6, 16)
    mask = Image.new("L", (side, side))
    draw = ImageDraw.Draw(mask)
    for stroke in STROKES[digit]:
        points = [(left + scale * (x - slant * (y - 0.5)), top + scale * y) for x, y in stroke]
        draw.line(points, fill=255, width=width, joint="curve")
        for x, y in (points[0], points[-1]):
            draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    mask = mask.filter(ImageFilter.GaussianBlur(1))
    if digit % 3 == 2:
        canvas = Image.new("RGBA", (side, side), (20, 40, 120, 255))
        canvas.putalpha(mask)
        return canvas
    light = np.add.outer(np.linspace(0, 50, side), np.linspace(0, 40, side)) + 150
    noise = np.random.default_rng(digit).normal(0, 4, (side, side))
    ink = np.asarray(mask) / 255
    paper = light * (1 - ink) + (light - 120) * ink + noise
    grey = 255 - paper if digit % 3 == 1 else paper
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
