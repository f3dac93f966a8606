"""Digits that are not MNIST's: drawn ones in four settings, and scikit-learn's, as image files that users might send.

They are never trained on. The position of a drawn digit, its size (a quarter to nine tenths of the image) and its
stroke width (4 to 16% of its height) are random, see training.data.digit_strokes.

- canvas: a smooth stroke as a web page's canvas gives it, dark on white, light on dark, or on transparency.
- scanned: dark ink on light grainy paper, a JPEG.
- turned: a canvas or a scan, turned by up to 15 degrees in either direction.
- uneven: a scan photographed with light that falls off to one side and a soft shadow, noise, a JPEG.
- enlarged: scikit-learn's 1,797 digits of 8x8 (UCI, 1998), dark on light, enlarged to 40 to 160 pixels.
"""

import io
import math
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageFilter
from sklearn.datasets import load_digits

from training.data.digit_strokes import draw_ink

KINDS = ("canvas", "scanned", "turned", "uneven", "enlarged")


def image_files(kind: str, per_digit: int, seed: int) -> Iterator[tuple[bytes, int]]:
    """(an image file, its digit): `per_digit` of every digit, the same for the same seed; of `enlarged`, all 1,797."""
    rng = np.random.default_rng((seed, KINDS.index(kind)))
    if kind == "enlarged":
        yield from _draw_enlarged(rng)
        return
    for digit in range(10):
        for _ in range(per_digit):
            yield _DRAW[kind](digit, rng), digit


def _draw_canvas(digit: int, rng: np.random.Generator) -> bytes:
    return _encode(_on_canvas(draw_ink(digit, rng), rng), "PNG")


def _draw_scanned(digit: int, rng: np.random.Generator) -> bytes:
    return _encode_jpeg(_on_paper(draw_ink(digit, rng), rng), rng)


def _draw_turned(digit: int, rng: np.random.Generator) -> bytes:
    ink = draw_ink(digit, rng)
    box = ink.getbbox()
    assert box is not None
    centre = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    ink = ink.rotate(rng.uniform(-15, 15), Image.Resampling.BICUBIC, center=centre)
    if rng.random() < 0.5:
        return _encode(_on_canvas(ink, rng), "PNG")
    return _encode_jpeg(_on_paper(ink, rng), rng)


def _draw_uneven(digit: int, rng: np.random.Generator) -> bytes:
    ink = draw_ink(digit, rng)
    y, x = np.indices((ink.height, ink.width)) / ink.height - 0.5
    angle = rng.uniform(0, 2 * math.pi)
    falloff = 1 - rng.uniform(0.2, 0.5) * (0.5 + x * math.cos(angle) + y * math.sin(angle))
    across = x * math.cos(angle + 1) + y * math.sin(angle + 1) - rng.uniform(-0.3, 0.3)
    shadow = 1 - rng.uniform(0, 0.25) / (1 + np.exp(-across / 0.06))
    return _encode_jpeg(_on_paper(ink, rng, falloff * shadow), rng)


_DRAW = {"canvas": _draw_canvas, "scanned": _draw_scanned, "turned": _draw_turned, "uneven": _draw_uneven}


def _draw_enlarged(rng: np.random.Generator) -> Iterator[tuple[bytes, int]]:
    raw = load_digits()
    for pixels, digit in zip(raw.images, raw.target, strict=True):
        grey = Image.fromarray((255 - pixels * (255 / 16)).astype(np.uint8))
        grey = Image.fromarray(np.pad(np.asarray(grey), 1, constant_values=255))
        side = int(rng.integers(40, 161))
        yield _encode(grey.resize((side, side), Image.Resampling.BICUBIC), "PNG"), int(digit)


def _on_canvas(ink: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Dark on white, light on dark, or a colour on transparency."""
    dark, light = (tuple(int(c) for c in rng.integers(*span, 3)) for span in ((0, 90), (200, 256)))
    style = rng.integers(3)
    if style == 2:
        canvas = Image.new("RGBA", ink.size, (*dark, 255))
        canvas.putalpha(ink)
        return canvas
    paper, pen = (light, dark) if style == 0 else (dark, light)
    return Image.composite(Image.new("RGB", ink.size, pen), Image.new("RGB", ink.size, paper), ink)


def _on_paper(ink: Image.Image, rng: np.random.Generator, light: np.ndarray | float = 1.0) -> Image.Image:
    """Dark ink on light paper in that light, slightly blurred, with grain."""
    amount = np.asarray(ink.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5)))) / 255
    paper, pen = rng.uniform(190, 245), rng.uniform(20, 110)
    grey = (paper + (pen - paper) * amount) * light + rng.normal(0, rng.uniform(1, 6), amount.shape)
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def _encode(image: Image.Image, kind: str, **options: int) -> bytes:
    sink = io.BytesIO()
    image.save(sink, kind, **options)
    return sink.getvalue()


def _encode_jpeg(image: Image.Image, rng: np.random.Generator) -> bytes:
    return _encode(image, "JPEG", quality=int(rng.integers(60, 95)))
