"""A map of where an answer comes from, drawn over the picture."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.images import ImageInput, choose_view

MAX_SIDE = 512  # pixels
_MIN_SIDE = 224  # pixels; a smaller picture is enlarged by a whole number, or nobody could see the map on it
_RAMP = np.array([(20, 20, 90), (150, 30, 130), (235, 90, 50), (255, 225, 80)], np.float32)  # from cold to hot
_COLD, _HOT = 0.45, 0.6  # how much of the ramp's colour is laid over the picture


def choose_canvas(data: bytes, image_input: ImageInput) -> ImageInput:
    """What to decode an image as, to draw a map of that input over it. The data has been decoded before."""
    return choose_view(data, image_input, MAX_SIDE)


def encode_heat_map(picture: NDArray[np.uint8], heat: NDArray[np.float32]) -> bytes:
    """A PNG of the picture, uint8 [H,W,1 or 3], in grey, under the map [h,w], from its lowest value to its highest."""
    scale = max(1, _MIN_SIDE // max(picture.shape[:2]))
    grey = Image.fromarray(picture.squeeze(axis=2) if picture.shape[2] == 1 else picture).convert("L")
    size = grey.width * scale, grey.height * scale
    values = np.asarray(Image.fromarray(_normalise(heat)).resize(size, Image.Resampling.BICUBIC))
    values = np.clip(values, 0, 1)
    share = (_COLD + (_HOT - _COLD) * values)[..., None]
    under = np.asarray(grey.resize(size, Image.Resampling.NEAREST), np.float32)[..., None]
    file = io.BytesIO()
    Image.fromarray(np.rint(under * (1 - share) + _colour(values) * share).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def _normalise(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """From 0 to 1; a map without differences is 0 everywhere."""
    low, high = float(heat.min()), float(heat.max())
    return np.asarray((heat - low) / max(high - low, 1e-6), np.float32)


def _colour(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 [H,W,3] from [H,W] in 0 to 1."""
    steps = np.linspace(0, 1, len(_RAMP))
    return np.stack([np.interp(values, steps, _RAMP[:, channel]) for channel in range(3)], axis=-1).astype(np.float32)
