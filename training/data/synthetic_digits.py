"""Digits that are not MNIST's: strokes of our own in four settings, and scikit-learn's, as people might send them.

Never trained on. A digit has one to three shapes; a drawing takes one, bends it (every point moved a little), slants
and stretches it. Where it lies, how large it is (a quarter to nine tenths of the picture) and how wide its stroke is
(4 to 16% of its height) are drawn at random too:

- canvas: a smooth stroke as a web page's canvas gives it, dark on white, light on dark, or on nothing at all (alpha).
- scanned: dark ink on light grainy paper, a JPEG.
- turned: a canvas or a scan, turned by up to 15 degrees either way.
- uneven: a scan photographed with light that falls off to one side and a soft shadow, noise, a JPEG.
- enlarged: scikit-learn's 1,797 digits of 8x8 (UCI, 1998), dark on light, enlarged to 40 to 160 pixels.
"""

import io
import math
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from sklearn.datasets import load_digits

Point = tuple[float, float]
Shape = list[list[Point]]  # strokes

KINDS = ("canvas", "scanned", "turned", "uneven", "enlarged")


def _arc(x: float, y: float, rx: float, ry: float, start: float, stop: float) -> list[Point]:
    angles = np.radians(np.linspace(start, stop, 24))
    return [(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in angles]


# in a box of 1 x 1, angles clockwise from the right
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


def files(kind: str, each: int, seed: int) -> Iterator[tuple[bytes, int]]:
    """(an image file, its digit): `each` of every digit, the same for the same seed; all there are of the enlarged."""
    rng = np.random.default_rng((seed, KINDS.index(kind)))
    if kind == "enlarged":
        yield from _enlarged(rng)
        return
    for digit in range(10):
        for _ in range(each):
            yield _SETTINGS[kind](digit, rng), digit


def _ink(digit: int, rng: np.random.Generator) -> Image.Image:
    """Mode L, 280 x 280: how much ink lies where, drawn at four times the size and shrunk."""
    side, large = 280, 4
    shape = SHAPES[digit][rng.integers(len(SHAPES[digit]))]
    height = side * rng.uniform(0.25, 0.9)
    breadth = height * rng.uniform(0.7, 1.1)
    slant = rng.uniform(-0.25, 0.25)
    pen = max(2.0, height * rng.uniform(0.04, 0.16))
    left, top = (rng.uniform(0, side - extent) for extent in (breadth, height))
    mask = Image.new("L", (side * large, side * large))
    draw = ImageDraw.Draw(mask)
    for stroke in shape:
        wander = _smooth(rng, len(stroke), 0.025)
        unit = np.array(stroke) + wander
        points = np.stack(
            [left + breadth * (unit[:, 0] - slant * (unit[:, 1] - 0.5)), top + height * unit[:, 1]], axis=1
        )
        _line(draw, points * large, pen * large)
    return mask.resize((side, side), Image.Resampling.BOX)


def _smooth(rng: np.random.Generator, count: int, reach: float) -> np.ndarray:
    """[count,2]: how far each point of a stroke is moved, neighbours alike."""
    at = np.linspace(0, 3, count)
    return np.stack([np.interp(at, range(4), rng.normal(0, reach, 4)) for _ in range(2)], axis=1)


def _line(draw: ImageDraw.ImageDraw, points: np.ndarray, width: float) -> None:
    draw.line([tuple(point) for point in points], fill=255, width=round(width), joint="curve")
    for x, y in points:
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)


def _file(image: Image.Image, kind: str, **options: object) -> bytes:
    sink = io.BytesIO()
    image.save(sink, kind, **options)
    return sink.getvalue()


def _drawn(ink: Image.Image, rng: np.random.Generator) -> Image.Image:
    """On a canvas: dark on white, light on dark, or a colour on nothing."""
    dark, light = (tuple(int(c) for c in rng.integers(*span, 3)) for span in ((0, 90), (200, 256)))
    way = rng.integers(3)
    if way == 2:
        canvas = Image.new("RGBA", ink.size, (*dark, 255))
        canvas.putalpha(ink)
        return canvas
    paper, pen = (light, dark) if way == 0 else (dark, light)
    return Image.composite(Image.new("RGB", ink.size, pen), Image.new("RGB", ink.size, paper), ink)


def _paper(ink: Image.Image, rng: np.random.Generator, light: np.ndarray | float = 1.0) -> Image.Image:
    """Dark ink on light paper under that light, slightly blurred, with grain."""
    amount = np.asarray(ink.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5)))) / 255
    paper, pen = rng.uniform(190, 245), rng.uniform(20, 110)
    grey = (paper + (pen - paper) * amount) * light + rng.normal(0, rng.uniform(1, 6), amount.shape)
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def _jpeg(image: Image.Image, rng: np.random.Generator) -> bytes:
    return _file(image, "JPEG", quality=int(rng.integers(60, 95)))


def _canvas(digit: int, rng: np.random.Generator) -> bytes:
    return _file(_drawn(_ink(digit, rng), rng), "PNG")


def _scanned(digit: int, rng: np.random.Generator) -> bytes:
    return _jpeg(_paper(_ink(digit, rng), rng), rng)


def _turned(digit: int, rng: np.random.Generator) -> bytes:
    ink = _ink(digit, rng)
    box = ink.getbbox()
    assert box is not None
    centre = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    ink = ink.rotate(rng.uniform(-15, 15), Image.Resampling.BICUBIC, center=centre)
    if rng.random() < 0.5:
        return _file(_drawn(ink, rng), "PNG")
    return _jpeg(_paper(ink, rng), rng)


def _uneven(digit: int, rng: np.random.Generator) -> bytes:
    ink = _ink(digit, rng)
    y, x = np.indices((ink.height, ink.width)) / ink.height - 0.5
    angle = rng.uniform(0, 2 * math.pi)
    fall = 1 - rng.uniform(0.2, 0.5) * (0.5 + x * math.cos(angle) + y * math.sin(angle))
    across = x * math.cos(angle + 1) + y * math.sin(angle + 1) - rng.uniform(-0.3, 0.3)
    shadow = 1 - rng.uniform(0, 0.25) / (1 + np.exp(-across / 0.06))
    return _jpeg(_paper(ink, rng, fall * shadow), rng)


def _enlarged(rng: np.random.Generator) -> Iterator[tuple[bytes, int]]:
    raw = load_digits()
    for pixels, digit in zip(raw.images, raw.target, strict=True):
        grey = Image.fromarray((255 - pixels * (255 / 16)).astype(np.uint8))
        grey = Image.fromarray(np.pad(np.asarray(grey), 1, constant_values=255))
        side = int(rng.integers(40, 161))
        yield _file(grey.resize((side, side), Image.Resampling.BICUBIC), "PNG"), int(digit)


_SETTINGS = {"canvas": _canvas, "scanned": _scanned, "turned": _turned, "uneven": _uneven}
