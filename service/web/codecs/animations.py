"""Frames as one file: an animated PNG or WebP, or a numpy array."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.web.codecs.image_formats import MEDIA_TYPES, encode_images

ANIMATIONS = {"png": MEDIA_TYPES["png"], "webp": "image/webp", "npy": MEDIA_TYPES["npy"]}
FRAME_MS, END_MS = 80, 600  # the ends are what the way is between, so they stay longer


def encode_animation(images: NDArray[np.uint8], animation_format: str) -> bytes:
    """uint8 [N,H,W,C], at least two frames, in one of ANIMATIONS; without loss. It plays again and again."""
    if animation_format == "npy":
        return encode_images(images, "npy", {}, [])
    first, *others = [Image.fromarray(image[..., 0] if image.shape[2] == 1 else image) for image in images]
    durations = [END_MS, *[FRAME_MS] * (len(others) - 1), END_MS]
    file = io.BytesIO()
    options = {"lossless": True} if animation_format == "webp" else {}
    first.save(
        file, animation_format.upper(), save_all=True, append_images=others, duration=durations, loop=0, **options
    )
    return file.getvalue()
