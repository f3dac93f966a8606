"""A map of where an answer comes from, drawn over the picture."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.images import Box, ImageInput, View, choose_view

MAX_SIDE = 512  # pixels
_MIN_SIDE = 224  # pixels; a smaller picture is enlarged by a whole number, or nobody could see the map on it
_RAMP = np.array([(20, 20, 90), (150, 30, 130), (235, 90, 50), (255, 225, 80)], np.float32)  # from cold to hot
_COLD, _HOT = 0.45, 0.6  # how much of the ramp's colour is laid over the picture


def choose_canvas(data: bytes, image_input: ImageInput) -> View:
    """What to decode an image as, to draw a map of that input over it, and where. The data has been decoded before."""
    return choose_view(data, image_input, MAX_SIDE)


def encode_heat_map(picture: NDArray[np.uint8], heat: NDArray[np.float32], box: Box) -> bytes:
    """A PNG of the picture, uint8 [H,W,1 or 3], in grey. Over its box lies the map [h,w], lowest value to highest."""
    scale = max(1, _MIN_SIDE // max(picture.shape[:2]))
    grey = Image.fromarray(picture.squeeze(axis=2) if picture.shape[2] == 1 else picture).convert("L")
    size = grey.width * scale, grey.height * scale
    left, top, right, bottom = (round(side * scale) for side in box)
    covered = max(1, right - left), max(1, bottom - top)
    values = np.clip(np.asarray(Image.fromarray(_normalise(heat)).resize(covered, Image.Resampling.BICUBIC)), 0, 1)
    under = grey.resize(size, Image.Resampling.NEAREST).convert("RGB")
    share = Image.fromarray(np.rint(255 * (_COLD + (_HOT - _COLD) * values)).astype(np.uint8))
    under.paste(Image.fromarray(_colour(values)), (left, top), share)
    file = io.BytesIO()
    under.save(file, "PNG")
    return file.getvalue()


def _normalise(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """From 0 to 1; a map without differences is 0 everywhere."""
    low, high = float(heat.min()), float(heat.max())
    return np.asarray((heat - low) / max(high - low, 1e-6), np.float32)


def _colour(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """uint8 [H,W,3] from [H,W] in 0 to 1."""
    steps = np.linspace(0, 1, len(_RAMP))
    channels = [np.interp(values, steps, _RAMP[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
