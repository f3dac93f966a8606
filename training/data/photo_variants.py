"""Photographs as people take and keep them, made of the pictures of a data set.

- small: the animal covers a quarter to a half of the frame's sides.
- edge: it stands at an edge, which cuts off up to a quarter of it.
- dark: a fifth to a half of the light, with noise.
- motion: the camera moved by 3 to 6% of the picture while it was open.
- screenshot: on the screen of a phone, with bars above and below.
- portrait, panorama: the scene is 16:9 in height, or 3:1 in width; what is around the picture is blurred.
"""

import io
import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

_BLUR = 24  # pixels, of what is around a picture
_STEPS = 12  # of a movement


def make_variant(picture: Image.Image, kind: str, seed: int) -> bytes:
    """A JPEG of that kind, the same for the same seed."""
    out = io.BytesIO()
    _KINDS[kind](picture.convert("RGB"), np.random.default_rng(seed)).save(out, "JPEG", quality=85)
    return out.getvalue()


def _make_small(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    scale = 1 / rng.uniform(0.25, 0.5)
    size = round(picture.width * scale), round(picture.height * scale)
    free = size[0] - picture.width, size[1] - picture.height
    return _place(picture, size, (int(rng.uniform(0, free[0])), int(rng.uniform(0, free[1]))))


def _make_edge(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    size = round(picture.width * 1.6), round(picture.height * 1.6)
    cut, along = rng.uniform(0, 0.25), rng.uniform(0, 0.6)
    places = (
        (-cut * picture.width, along * picture.height),
        (size[0] - (1 - cut) * picture.width, along * picture.height),
        (along * picture.width, -cut * picture.height),
        (along * picture.width, size[1] - (1 - cut) * picture.height),
    )
    x, y = places[rng.integers(len(places))]
    return _place(picture, size, (round(x), round(y)))


def _make_dark(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    light = (np.asarray(picture) / 255.0) ** 2.2 * rng.uniform(0.2, 0.5)
    pixels = light ** (1 / 2.2) * 255 + rng.normal(0, 8, light.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _make_motion(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    way, angle = rng.uniform(0.03, 0.06) * max(picture.size), rng.uniform(0, math.pi)
    total = np.zeros((picture.height, picture.width, 3))
    for step in np.linspace(-0.5, 0.5, _STEPS):
        x, y = step * way * math.cos(angle), step * way * math.sin(angle)
        total += np.asarray(picture.transform(picture.size, Image.Transform.AFFINE, (1, 0, x, 0, 1, y)))
    return Image.fromarray((total / _STEPS).astype(np.uint8))


def _make_screenshot(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    paper, ink = ("black", "white") if rng.random() < 0.5 else ("white", "black")
    width = picture.width
    screen = Image.new("RGB", (width, max(round(width * 19.5 / 9), picture.height)), paper)
    screen.paste(picture, (0, (screen.height - picture.height) // 2))
    draw, line = ImageDraw.Draw(screen), max(2, width // 40)
    draw.rectangle((line, line, 4 * line, 2 * line), ink)  # the clock
    draw.rectangle((width - 4 * line, line, width - line, 2 * line), ink)  # the battery
    draw.rectangle((width // 3, screen.height - 2 * line, 2 * width // 3, screen.height - line), ink)
    return screen


def _make_portrait(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    return _extend(picture, (picture.width, max(picture.height, round(picture.width * 16 / 9))), rng)


def _make_panorama(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    return _extend(picture, (max(picture.width, picture.height * 3), picture.height), rng)


def _extend(picture: Image.Image, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """The picture somewhere in the middle half of a larger scene."""
    x, y = (round((size[axis] - picture.size[axis]) * rng.uniform(0.25, 0.75)) for axis in (0, 1))
    return _place(picture, size, (x, y))


def _place(picture: Image.Image, size: tuple[int, int], at: tuple[int, int]) -> Image.Image:
    """A scene of that size, of the picture's own colours, with the picture in it."""
    scene = picture.resize(size).filter(ImageFilter.GaussianBlur(_BLUR))
    scene.paste(picture, at)
    return scene


_KINDS: dict[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "small": _make_small,
    "edge": _make_edge,
    "dark": _make_dark,
    "motion": _make_motion,
    "screenshot": _make_screenshot,
    "portrait": _make_portrait,
    "panorama": _make_panorama,
}
KINDS = tuple(_KINDS)
