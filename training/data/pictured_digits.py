"""Digits of real hands as people draw, photograph and scan them: MNIST's images are the ink, everything else is random.

Each kind is one difficulty, so that a figure by kind tells which of them is not mastered. They are never trained on.
"""

import io
import math
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from skimage.morphology import skeletonize

from training.data.dataset import Split

SIDE = 240

Random = np.random.Generator
Field = np.ndarray  # float [H,W], from 0 to 1


def image_files(kind: str, split: Split, per_digit: int, seed: int) -> Iterator[tuple[bytes, int]]:
    """(an image file, its digit): `per_digit` of every digit of the split, the same for the same seed."""
    rng = np.random.default_rng((seed, *kind.encode()))
    for digit in range(10):
        rows = rng.choice(np.flatnonzero(split.labels == digit), per_digit, replace=False)
        for pixels in split.images(rows):
            yield KINDS[kind](pixels[..., 0], rng), digit


def _lay_ink(pixels: np.ndarray, rng: Random, size: tuple[float, float] = (0.3, 0.8), side: int = SIDE) -> Field:
    """The digit with crisp strokes, its height that share of the sheet's, somewhere on the sheet."""
    height = round(side * rng.uniform(*size))
    return _place(_enlarge(pixels, height), rng, side)


def _enlarge(pixels: np.ndarray, height: int) -> Field:
    """The ink alone, cropped and enlarged to that height; the blur of enlarging is taken back."""
    rows, columns = (np.flatnonzero(pixels.max(axis=axis) > 64) for axis in (1, 0))
    crop = Image.fromarray(np.pad(pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1))
    scale = height / (crop.height - 2)
    size = max(1, round(crop.width * scale)), round(crop.height * scale)
    grey = np.asarray(crop.resize(size, Image.Resampling.BICUBIC), np.float32) / 255
    return np.clip((grey - 0.5) * min(scale, 6.0) * 0.5 + 0.5, 0, 1)


def _place(ink: Field, rng: Random, side: int) -> Field:
    field = np.zeros((side, side), np.float32)
    ink = ink[:side, :side]
    top, left = (int(rng.integers(0, side - extent + 1)) for extent in ink.shape)
    field[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return field


def _draw_on(field: Field, rng: Random, contrast: tuple[float, float] = (90, 190), light: Field | float = 1.0) -> Field:
    """Grey levels: dark ink on light paper, in that light."""
    paper = rng.uniform(195, 250)
    return (paper - rng.uniform(*contrast) * field) * light


def _add_grain(grey: Field, rng: Random, stddev: tuple[float, float] = (0.5, 4)) -> Field:
    return grey + rng.normal(0, rng.uniform(*stddev), grey.shape)


def _coordinates(side: int) -> tuple[Field, Field]:
    """Down and across, each from -0.5 to 0.5."""
    down, across = np.mgrid[-0.5 : 0.5 : side * 1j, -0.5 : 0.5 : side * 1j]
    return down, across


def _encode(grey: Field, image_format: str = "PNG", **options: int) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(np.clip(np.rint(grey), 0, 255).astype(np.uint8)).save(sink, image_format, **options)
    return sink.getvalue()


def _encode_jpeg(grey: Field, rng: Random) -> bytes:
    return _encode(grey, "JPEG", quality=int(rng.integers(60, 95)))


def _draw_canvas(pixels: np.ndarray, rng: Random) -> bytes:
    field = _lay_ink(pixels, rng, (0.25, 0.9), side=280)
    return _encode(255 * field if rng.random() < 0.5 else 255 - 255 * field)


def _draw_transparent(pixels: np.ndarray, rng: Random) -> bytes:
    field = _lay_ink(pixels, rng)
    return _encode(np.dstack([np.full((SIDE, SIDE, 3), rng.integers(0, 256, 3)), 255 * field]))


def _draw_coloured(pixels: np.ndarray, rng: Random) -> bytes:
    """A coloured pen on coloured paper, one of them dark."""
    pen, paper = rng.integers(0, 110, 3), rng.integers(160, 256, 3)
    if rng.random() < 0.3:
        pen, paper = paper, pen
    field = _lay_ink(pixels, rng)[..., None]
    return _encode_jpeg(_add_grain(paper * (1 - field) + pen * field, rng), rng)


def _draw_pencil(pixels: np.ndarray, rng: Random) -> bytes:
    """Faint and grainy strokes."""
    field = _lay_ink(pixels, rng) * rng.uniform(0.6, 1, (SIDE, SIDE))
    return _encode_jpeg(_add_grain(_draw_on(field, rng, (35, 80)), rng), rng)


def _draw_chalk(pixels: np.ndarray, rng: Random) -> bytes:
    field = _lay_ink(pixels, rng) * rng.uniform(0.6, 1, (SIDE, SIDE))
    smear = np.asarray(Image.fromarray(rng.uniform(0, 30, (8, 8)).astype(np.float32)).resize((SIDE, SIDE)))
    return _encode_jpeg(_add_grain(rng.uniform(20, 70) + smear + rng.uniform(110, 170) * field, rng), rng)


def _draw_gradient(pixels: np.ndarray, rng: Random) -> bytes:
    down, across = _coordinates(SIDE)
    angle = rng.uniform(0, 2 * math.pi)
    light = 1 - rng.uniform(0.3, 0.65) * (0.5 + 0.7 * (down * math.cos(angle) + across * math.sin(angle)))
    grey = _draw_on(_lay_ink(pixels, rng), rng, light=light)
    return _encode_jpeg(_add_grain(grey, rng), rng)


def _cast_shadow(rng: Random, side: int, softness: float) -> Field:
    """The light with a shadow whose edge, straight or bent once, crosses the sheet."""
    down, across = _coordinates(side)
    edges = []
    for angle in (rng.uniform(0, 2 * math.pi), rng.uniform(0, 2 * math.pi))[: 1 + int(rng.random() < 0.3)]:
        edges.append(down * math.cos(angle) + across * math.sin(angle) - rng.uniform(-0.25, 0.25))
    inside = np.clip(np.minimum.reduce(edges) / softness + 0.5, 0, 1)
    return 1 - rng.uniform(0.3, 0.65) * inside


def _draw_hard_shadow(pixels: np.ndarray, rng: Random) -> bytes:
    light = _cast_shadow(rng, SIDE, rng.uniform(0.005, 0.03))
    return _encode_jpeg(_add_grain(_draw_on(_lay_ink(pixels, rng), rng, light=light), rng), rng)


def _draw_soft_shadow(pixels: np.ndarray, rng: Random) -> bytes:
    light = _cast_shadow(rng, SIDE, rng.uniform(0.2, 0.5))
    return _encode_jpeg(_add_grain(_draw_on(_lay_ink(pixels, rng), rng, light=light), rng), rng)


def _draw_noisy(pixels: np.ndarray, rng: Random) -> bytes:
    return _encode_jpeg(_add_grain(_draw_on(_lay_ink(pixels, rng), rng), rng, (12, 25)), rng)


def _draw_blurred(pixels: np.ndarray, rng: Random) -> bytes:
    grey = Image.fromarray(np.clip(_draw_on(_lay_ink(pixels, rng), rng), 0, 255).astype(np.uint8))
    grey = grey.filter(ImageFilter.GaussianBlur(rng.uniform(2, 4)))
    return _encode_jpeg(_add_grain(np.asarray(grey, np.float32), rng), rng)


def _draw_tilted(pixels: np.ndarray, rng: Random) -> bytes:
    ink = Image.fromarray((255 * _lay_ink(pixels, rng)).astype(np.uint8))
    box = ink.getbbox()
    assert box is not None
    centre = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    ink = ink.rotate(rng.uniform(-15, 15), Image.Resampling.BICUBIC, center=centre)
    return _encode_jpeg(_add_grain(_draw_on(np.asarray(ink) / 255, rng), rng), rng)


def _draw_cropped(pixels: np.ndarray, rng: Random) -> bytes:
    """Hardly any paper around the digit."""
    margins = rng.integers(0, 8, (2, 2))
    grey = _draw_on(np.pad(_enlarge(pixels, int(rng.integers(60, 200))), margins), rng)
    return _encode_jpeg(_add_grain(grey if rng.random() < 0.7 else 255 - grey, rng), rng)


def _draw_tiny(pixels: np.ndarray, rng: Random) -> bytes:
    """A digit of a twelfth to an eighth of a large sheet."""
    return _encode_jpeg(_add_grain(_draw_on(_lay_ink(pixels, rng, (0.083, 0.125), 800), rng), rng), rng)


def _draw_small_file(pixels: np.ndarray, rng: Random) -> bytes:
    """Of 64 pixels in all."""
    grey = _draw_on(_lay_ink(pixels, rng, (0.5, 0.85), 64), rng)
    return _encode(_add_grain(grey, rng))


def _rule(rng: Random, horizontal: bool, vertical: bool) -> Field:
    """The lines of ruled or squared paper, turned a little."""
    down, across = _coordinates(SIDE)
    angle, distance = rng.normal(0, 0.02), rng.uniform(0.1, 0.3)
    axes = [down + angle * across] * horizontal + [across - angle * down] * vertical
    width = rng.uniform(0.004, 0.01)
    cells = [np.abs((axis / distance + rng.random()) % 1 - 0.5) * distance for axis in axes]
    return np.clip((width - np.minimum.reduce(cells)) * SIDE, 0, 1)


def _draw_ruled(pixels: np.ndarray, rng: Random) -> bytes:
    return _draw_on_lines(pixels, rng, _rule(rng, True, False))


def _draw_squared(pixels: np.ndarray, rng: Random) -> bytes:
    return _draw_on_lines(pixels, rng, _rule(rng, True, True))


def _draw_on_lines(pixels: np.ndarray, rng: Random, lines: Field) -> bytes:
    field = np.maximum(_lay_ink(pixels, rng), rng.uniform(0.15, 0.4) * lines)
    return _encode_jpeg(_add_grain(_draw_on(field, rng, (120, 190)), rng), rng)


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
    return np.clip(corners + rng.normal(0, wobble, (4, 2)) * height, 2, SIDE - 3)


def _draw_framed(pixels: np.ndarray, rng: Random) -> bytes:
    """In a frame drawn by hand with the same pen or another."""
    field = _lay_ink(pixels, rng, (0.3, 0.6))
    frame = _draw_polygon(_surround(field, rng, (0.12, 0.4), 0.02), rng.uniform(2, 8))
    return _encode_jpeg(_add_grain(_draw_on(np.maximum(field, frame), rng), rng), rng)


def _draw_boxed(pixels: np.ndarray, rng: Random) -> bytes:
    """In the printed box of a form, often one of a row; some digits touch or cross its lines."""
    field = _lay_ink(pixels, rng, (0.3, 0.6))
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
    return _encode_jpeg(_add_grain(_draw_on(np.asarray(turned) / 255, rng), rng), rng)


def _draw_equally_bright(pixels: np.ndarray, rng: Random) -> bytes:
    """Ink and paper of one brightness (ITU-R 601) in different colours."""
    weights = np.array([0.299, 0.587, 0.114])
    pen, paper = (_tint(rng, channel) for channel in ((0, 1) if rng.random() < 0.5 else (2, 1))[:: rng.choice([1, -1])])
    pen = pen + (paper - pen) @ weights
    field = _lay_ink(pixels, rng)[..., None]
    return _encode(_add_grain(paper * (1 - field) + pen * field, rng), "JPEG", quality=90)


def _tint(rng: Random, channel: int) -> np.ndarray:
    """A colour in which one channel prevails."""
    colour = rng.uniform(40, 80, 3)
    colour[channel] = rng.uniform(140, 200)
    return colour


def _draw_bilevel_scan(pixels: np.ndarray, rng: Random) -> bytes:
    """Scanned at 16 pixels in black and white."""
    height = int(rng.integers(12, 16))
    field = _place(np.asarray(Image.fromarray(_enlarge(pixels, 4 * height)).reduce(4)), rng, 16)
    return _encode(np.where(field > 0.45, 0, 255))


def _draw_thin(pixels: np.ndarray, rng: Random) -> bytes:
    """By a pen of one pixel."""
    line = skeletonize(_enlarge(pixels, int(rng.uniform(0.3, 0.8) * SIDE)) > 0.5)
    field = _place(line.astype(np.float32), rng, SIDE)
    return _encode(255 - 255 * field if rng.random() < 0.7 else 255 * field)


def _draw_bold(pixels: np.ndarray, rng: Random) -> bytes:
    """By a broad marker, in uneven light."""
    ink = Image.fromarray((255 * _lay_ink(pixels, rng, (0.4, 0.75))).astype(np.uint8))
    field = np.asarray(ink.filter(ImageFilter.MaxFilter(2 * int(rng.integers(2, 6)) + 1))) / 255
    down, across = _coordinates(SIDE)
    light = 1 - rng.uniform(0.1, 0.4) * (0.5 + rng.choice((-1, 1)) * down + rng.choice((-1, 1)) * across) / 1.5
    return _encode_jpeg(_add_grain(_draw_on(field, rng, light=light), rng), rng)


def _draw_poor_jpeg(pixels: np.ndarray, rng: Random) -> bytes:
    return _encode(_add_grain(_draw_on(_lay_ink(pixels, rng), rng), rng), "JPEG", quality=20)


def _draw_specked(pixels: np.ndarray, rng: Random) -> bytes:
    """Dust, and a dark edge as scanners leave it."""
    field = _lay_ink(pixels, rng)
    sheet = Image.fromarray((255 * field).astype(np.uint8))
    draw = ImageDraw.Draw(sheet)
    for x, y in rng.uniform(0, SIDE, (int(rng.integers(3, 12)), 2)):
        radius = rng.uniform(0.5, 2)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    if rng.random() < 0.5:
        draw.rectangle((0, 0, SIDE, int(rng.integers(2, 8))) if rng.random() < 0.5 else (0, 0, 6, SIDE), fill=255)
    return _encode_jpeg(_add_grain(_draw_on(np.asarray(sheet) / 255, rng), rng), rng)


def _photograph(pixels: np.ndarray, rng: Random) -> bytes:
    """By a phone: a sheet on a darker table, in uneven light, of 1,024 pixels."""
    side = 1024
    down, across = _coordinates(side)
    angle = rng.uniform(0, 2 * math.pi)
    light = 1 - rng.uniform(0.1, 0.4) * (0.5 + down * math.cos(angle) + across * math.sin(angle))
    grey = _draw_on(_lay_ink(pixels, rng, (0.2, 0.5), side), rng, light=light)
    edge = down + rng.normal(0, 0.1) * across if rng.random() < 0.5 else across + rng.normal(0, 0.1) * down
    ink_rows, ink_columns = np.nonzero(grey < 0)  # nothing: the table covers paper only
    assert not len(ink_rows) and not len(ink_columns)
    if rng.random() < 0.5:
        field_limit = rng.uniform(0.47, 0.5)
        grey = np.where(edge > field_limit, rng.uniform(30, 90) * light, grey)
    return _encode_jpeg(_add_grain(grey, rng), rng)


KINDS: dict[str, Callable[[np.ndarray, Random], bytes]] = {
    "on a canvas": _draw_canvas,
    "on transparency": _draw_transparent,
    "coloured": _draw_coloured,
    "pencil": _draw_pencil,
    "chalk": _draw_chalk,
    "gradient": _draw_gradient,
    "soft shadow": _draw_soft_shadow,
    "hard shadow": _draw_hard_shadow,
    "noise": _draw_noisy,
    "blur": _draw_blurred,
    "tilt": _draw_tilted,
    "close crop": _draw_cropped,
    "tiny": _draw_tiny,
    "64 pixels": _draw_small_file,
    "ruled": _draw_ruled,
    "squared": _draw_squared,
    "frame": _draw_framed,
    "form box": _draw_boxed,
    "equal brightness": _draw_equally_bright,
    "bilevel scan": _draw_bilevel_scan,
    "thin pen": _draw_thin,
    "bold": _draw_bold,
    "poor JPEG": _draw_poor_jpeg,
    "specks": _draw_specked,
    "phone": _photograph,
}
