"""What cameras and scanners do to pictures: noise, blur, specks, crops, few pixels, hard compression."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from training.data.pictured_digits.ink import (
    SIDE,
    Random,
    add_grain,
    draw_on,
    encode,
    encode_jpeg,
    enlarge,
    lay_ink,
    photograph,
    place,
)


def draw_noisy(pixels: np.ndarray, rng: Random) -> bytes:
    return encode_jpeg(add_grain(draw_on(lay_ink(pixels, rng), rng), rng, (12, 25)), rng)


def draw_blurred(pixels: np.ndarray, rng: Random) -> bytes:
    grey = Image.fromarray(np.clip(draw_on(lay_ink(pixels, rng), rng), 0, 255).astype(np.uint8))
    grey = grey.filter(ImageFilter.GaussianBlur(rng.uniform(2, 4)))
    return encode_jpeg(add_grain(np.asarray(grey, np.float32), rng), rng)


def draw_tilted(pixels: np.ndarray, rng: Random) -> bytes:
    ink = Image.fromarray((255 * lay_ink(pixels, rng)).astype(np.uint8))
    box = ink.getbbox()
    assert box is not None
    centre = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    ink = ink.rotate(rng.uniform(-15, 15), Image.Resampling.BICUBIC, center=centre)
    return photograph(np.asarray(ink) / 255, rng)


def draw_cropped(pixels: np.ndarray, rng: Random) -> bytes:
    """Hardly any paper around the digit."""
    margins = rng.integers(0, 8, (2, 2))
    grey = draw_on(np.pad(enlarge(pixels, int(rng.integers(60, 200))), margins), rng)
    return encode_jpeg(add_grain(grey if rng.random() < 0.7 else 255 - grey, rng), rng)


def draw_tiny(pixels: np.ndarray, rng: Random) -> bytes:
    """A digit of a twelfth to an eighth of a large sheet."""
    return photograph(lay_ink(pixels, rng, (0.083, 0.125), 800), rng)


def draw_small_file(pixels: np.ndarray, rng: Random) -> bytes:
    """Of 64 pixels in all."""
    grey = draw_on(lay_ink(pixels, rng, (0.5, 0.85), 64), rng)
    return encode(add_grain(grey, rng))


def draw_bilevel_scan(pixels: np.ndarray, rng: Random) -> bytes:
    """Scanned at 16 pixels in black and white."""
    height = int(rng.integers(12, 16))
    field = place(np.asarray(Image.fromarray(enlarge(pixels, 4 * height)).reduce(4)), rng, 16)
    return encode(np.where(field > 0.45, 0, 255))


def draw_poor_jpeg(pixels: np.ndarray, rng: Random) -> bytes:
    return encode(add_grain(draw_on(lay_ink(pixels, rng), rng), rng), "JPEG", quality=20)


def draw_specked(pixels: np.ndarray, rng: Random) -> bytes:
    """Dust, and a dark edge as scanners leave it."""
    field = lay_ink(pixels, rng)
    sheet = Image.fromarray((255 * field).astype(np.uint8))
    draw = ImageDraw.Draw(sheet)
    for x, y in rng.uniform(0, SIDE, (int(rng.integers(3, 12)), 2)):
        radius = rng.uniform(0.5, 2)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    if rng.random() < 0.5:
        draw.rectangle((0, 0, SIDE, int(rng.integers(2, 8))) if rng.random() < 0.5 else (0, 0, 6, SIDE), fill=255)
    return photograph(np.asarray(sheet) / 255, rng)
