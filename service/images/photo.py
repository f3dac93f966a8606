"""The treatment of photographs: one size, one colour mode, nothing else."""

import numpy as np
from PIL import Image

from service.images.modes import plain

_MODES = {1: "L", 3: "RGB"}


def photo(image: Image.Image, height: int, width: int, channels: int) -> np.ndarray:
    """uint8 [height, width, channels]: flattened on white, in grey (1 channel) or RGB (3), stretched to the size.

    The aspect ratio is not kept: the pictures that the models are trained on were all stretched to a square, so a
    picture to be judged has to be stretched as well.
    """
    if channels not in _MODES:
        raise ValueError(f"a photo has 1 or 3 channels, not {channels}")
    # Above a gap of 3 the boxes that are averaged first are too small beside the filter to be seen.
    sized = plain(image).resize((width, height), Image.Resampling.BILINEAR, reducing_gap=3.0)
    pixels = np.asarray(on_white(sized).convert(_MODES[channels]))
    return pixels.reshape(height, width, channels)


def on_white(image: Image.Image) -> Image.Image:
    """The picture (mode L, LA, RGB or RGBA) laid on white paper, without its alpha channel."""
    if image.mode not in ("LA", "RGBA"):
        return image
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")
