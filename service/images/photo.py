"""The treatment of photographs: one size, one colour mode, and no animal stretched beyond what the nets know."""

import numpy as np
from PIL import Image

from service.images.modes import plain

_MODES = {1: "L", 3: "RGB"}
Box = tuple[float, float, float, float]  # left, top, right and bottom, in pixels

_MAX_STRETCH = 4 / 3  # the shape of a phone's photograph, which stays whole


def photo(image: Image.Image, height: int, width: int, channels: int) -> np.ndarray:
    """uint8 [height, width, channels]: flattened on white, in grey (1 channel) or RGB (3), stretched to the size.

    The aspect ratio is not kept, as the pictures that the models are trained on were stretched to a square. But a
    picture that would be stretched by more than 4/3 loses its ends first: panoramas, portraits and screenshots are read
    right more often so.
    """
    if channels not in _MODES:
        raise ValueError(f"a photo has 1 or 3 channels, not {channels}")
    # Above a gap of 3 the boxes that are averaged first are too small beside the filter to be seen.
    middle = cut_ends(image.width, image.height, width / height)
    sized = plain(image).resize((width, height), Image.Resampling.BILINEAR, middle, reducing_gap=3.0)
    pixels = np.asarray(on_white(sized).convert(_MODES[channels]))
    return pixels.reshape(height, width, channels)


def cut_ends(width: int, height: int, aspect: float) -> Box:
    """The box in the middle of a picture that is stretched by no more than `_MAX_STRETCH` to that width over height."""
    across, down = min(width, height * aspect * _MAX_STRETCH), min(height, width / aspect * _MAX_STRETCH)
    left, top = (width - across) / 2, (height - down) / 2
    return left, top, left + across, top + down


def on_white(image: Image.Image) -> Image.Image:
    """The picture (mode L, LA, RGB or RGBA) laid on white paper, without its alpha channel."""
    if image.mode not in ("LA", "RGBA"):
        return image
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")
