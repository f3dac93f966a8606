"""Draws docs/digit_steps.png, each step of the digit treatment of one picture: `python -m docs.digit_steps`."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageDraw

from service.images.contrast import find_contrast, has_dark_ink, spread_paper
from service.images.digit import WORK_SIDE
from service.images.grey import to_grey
from service.images.ink import find_ink
from service.images.place import place
from service.images.selection import select_digits
from tests.support.handwriting import STROKES

FILE = Path(__file__).parent / "digit_steps.png"


def _draw_example(side: int = 320) -> Image.Image:
    """A three in the box of a form, blue on yellowish paper, with a hard shadow across it."""
    sheet = Image.new("RGB", (side, side), (244, 236, 205))
    draw = ImageDraw.Draw(sheet)
    for left in (-90, 70, 230):
        draw.rectangle((left, 60, left + 160, 260), outline=(120, 125, 130), width=2)
    points = [(95 + 120 * x, 70 + 180 * y) for x, y in STROKES[3][0]]
    draw.line(points, fill=(35, 50, 130), width=13, joint="curve")
    down, across = np.mgrid[0:side, 0:side]
    light = np.where(down + 0.5 * across < 1.05 * side / 1.3, 1.0, 0.6)[..., None]
    lit = np.asarray(sheet) * light + np.random.default_rng(0).normal(0, 3, (side, side, 1))
    return Image.fromarray(lit.clip(0, 255).astype(np.uint8))


def main() -> None:
    picture = _draw_example()
    grey = to_grey(picture, WORK_SIDE)
    contrast = find_contrast(grey)
    ink = find_ink(contrast)
    assert ink is not None and has_dark_ink(grey)
    (digit,) = select_digits(ink)
    panels = {
        "the picture": np.asarray(picture),
        "to_grey": grey,
        "spread_paper": spread_paper(grey),
        "find_contrast": contrast,
        "find_ink": ink.amount,
        "select_digits": digit,
        "place": place(digit, 28, 28),
    }
    figure, axes = plt.subplots(1, len(panels), figsize=(13, 2.2), layout="constrained")
    for axis, (title, pixels) in zip(axes, panels.items(), strict=True):
        axis.imshow(pixels, cmap="gray", interpolation="nearest", vmin=0, vmax=255)
        axis.set_title(title, fontsize=10)
        axis.axis("off")
    figure.savefig(FILE, dpi=80)


main()
