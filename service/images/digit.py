"""The treatment of handwritten digits: brings any picture of a digit to the form of MNIST's images."""

from functools import cache

import numpy as np
from PIL import Image

from service.images.ink import ink
from service.images.modes import plain

WORK_SIDE = 256
_INKED = 32
_BOX = 20 / 28
_LEAST_INK = 0.2
_LEAST_STROKE = 2.0


def digit(image: Image.Image, height: int, width: int, channels: int) -> np.ndarray:
    """uint8 [height, width, channels]: the digit bright on black, in a box of 20/28 of the size, centred by mass."""
    if channels not in (1, 3):
        raise ValueError(f"a digit has 1 or 3 channels, not {channels}")
    grey = _grey(plain(image))
    pixels = _as_mnist(grey) if grey.size == (width, height) else None
    if pixels is None:
        pixels = _place(ink(grey), height, width)
    return np.repeat(pixels[:, :, None], channels, axis=2) if channels > 1 else pixels[:, :, None]


def _as_mnist(grey: Image.Image) -> np.ndarray | None:
    """The picture bright on black if it is in MNIST's form already, or is that form's negative; else None.

    The form: an edge that is dark but for a tenth of it, ink that reaches near white, spans 18 to 20 pixels of 28 on
    its longer axis and has its centre of mass within a pixel of the middle. All 70,000 images of MNIST have it.
    """
    width, height = grey.size
    pixels = np.asarray(grey)
    edge = pixels.ravel()[_edge(height, width)]
    if np.count_nonzero(edge > 127) * 2 > edge.size:
        pixels, edge = 255 - pixels, 255 - edge
    if np.count_nonzero(edge > 16) * 10 > edge.size or int(pixels.max()) < 200:
        return None
    inked = pixels >= _INKED
    longest = max(_span(inked, 0) / width, _span(inked, 1) / height)
    if not 17.5 / 28 < longest < 20.5 / 28:
        return None
    mass, down, across = _moments(height, width).dot(pixels.ravel().astype(np.float32)).tolist()
    off = max(abs(down / mass - height / 2), abs(across / mass - width / 2))
    return pixels if off < max(height, width) / 28 else None


def _span(inked: np.ndarray, axis: int) -> int:
    """How far bool [H,W] reaches: columns for axis 0, rows for 1; searching bytes is quicker than numpy here."""
    marks = np.asarray(inked.any(axis=axis)).tobytes()
    return marks.rfind(1) - marks.find(1) + 1


@cache
def _edge(height: int, width: int) -> np.ndarray:
    """The flat indices of the outermost pixels; the corners twice."""
    at = np.arange(height * width).reshape(height, width)
    return np.concatenate((at[0], at[-1], at[:, 0], at[:, -1]))


@cache
def _moments(height: int, width: int) -> np.ndarray:
    """float32 [3, height * width]: the factors of pixels that give their mass and its moments about the origin."""
    down, across = np.indices((height, width), np.float32)
    return np.stack([np.ones_like(down), down, across]).reshape(3, -1)


def _grey(image: Image.Image) -> Image.Image:
    """Mode L, its longer side at most WORK_SIDE, with transparent pixels as paper."""
    shrink = WORK_SIDE / max(image.size)
    if shrink < 1:
        size = max(1, round(image.width * shrink)), max(1, round(image.height * shrink))
        image = image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    if image.mode in ("LA", "RGBA"):
        return _flatten_alpha(image)
    return image if image.mode == "L" else image.convert("L")


def _flatten_alpha(image: Image.Image) -> Image.Image:
    alpha = image.getchannel("A")
    least, most = alpha.getextrema()
    if least == most:
        return image.convert("RGB").convert("L")
    grey = image.convert("LA").getchannel(0)
    seen = np.asarray(grey)[np.asarray(alpha) > 64]
    if seen.size == 0 or int(np.percentile(seen, 98)) - int(np.percentile(seen, 2)) < 32:
        return alpha
    around = float(np.median(seen))
    if seen.size * 2 < alpha.width * alpha.height:
        around = 255.0 if around < 128 else 0.0
    paper = Image.new("L", image.size, int(around))
    return Image.composite(grey, paper, alpha)


def _place(amount: np.ndarray | None, height: int, width: int) -> np.ndarray:
    """uint8 [height, width]: the ink cropped, scaled to the box and laid with its centre of mass in the middle."""
    field = np.zeros((height, width), dtype=np.uint8)
    if amount is None:
        return field
    drawn = _fit_to_box(amount, height, width)
    top, left = _start(drawn.sum(axis=1), height), _start(drawn.sum(axis=0), width)
    field[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    return field


def _fit_to_box(amount: np.ndarray, height: int, width: int) -> np.ndarray:
    """uint8, only the ink: as large as the box of 20/28 of the field allows, with its aspect ratio."""
    crop = _thicken(_crop(amount), min(height, width) * _BOX)
    scale = min(height * _BOX / crop.shape[0], width * _BOX / crop.shape[1])
    size = max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale))
    drawn = np.asarray(Image.fromarray(crop).resize(size, Image.Resampling.BILINEAR))
    peak = min(1.0, max(float(np.percentile(drawn[drawn > 0.05], 90)), 1e-3))
    return np.asarray(np.clip(np.rint(drawn * (255.0 / peak)), 0, 255), dtype=np.uint8)


def _crop(amount: np.ndarray) -> np.ndarray:
    rows, columns = (np.flatnonzero(amount.max(axis=axis) > _LEAST_INK) for axis in (1, 0))
    return amount[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _thicken(crop: np.ndarray, box: float) -> np.ndarray:
    """The crop with thicker strokes, where scaling it to `box` pixels would make them thin, grey and broken."""
    inked = crop > 0.5
    outline = int(np.count_nonzero(inked[1:] != inked[:-1]) + np.count_nonzero(inked[:, 1:] != inked[:, :-1]))
    breadth = 2.5 * int(np.count_nonzero(inked)) / max(outline, 1)
    reach = round((_LEAST_STROKE * max(crop.shape) / box - breadth) / 2)
    return _dilate(crop, reach) if reach > 0 else crop


def _dilate(crop: np.ndarray, reach: int) -> np.ndarray:
    """Each pixel becomes the maximum within `reach` on both axes; the picture grows by `reach` on every side."""
    grown = np.pad(crop, 2 * reach)
    # Pillow's MaxFilter costs the square of its width; windows that double in width cost its logarithm.
    for _ in range(2):
        window = 1
        while window < 2 * reach + 1:
            step = min(window, 2 * reach + 1 - window)
            grown = np.maximum(grown[:-step], grown[step:])
            window += step
        grown = grown.T
    return grown


def _start(profile: np.ndarray, side: int) -> int:
    """The start of a line of masses that puts its centre in the middle of `side`, within bounds."""
    return min(max(round(side / 2 - _centre(profile)), 0), side - profile.size)


def _centre(profile: np.ndarray) -> float:
    return float(profile @ np.arange(profile.size)) / max(float(profile.sum()), 1.0)
