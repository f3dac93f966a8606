"""The geometry of images, which serving and training both call: any picture in, a servable's own form out.

Imports nothing of the service but its errors.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec
import numpy as np
from PIL.Image import Image

from service.images.decode import DEFAULT_MAX_PIXELS, decode
from service.images.digit import WORK_SIDE, digit
from service.images.photo import photo

__all__ = ["TREATMENTS", "ImageInput", "decode", "digit", "photo", "prepare"]


class ImageInput(msgspec.Struct, frozen=True):
    """The images that a net takes or makes; `treatment` is the geometry that brings any picture to this form."""

    height: int
    width: int
    channels: int
    treatment: str


class Treatment(NamedTuple):
    """`transform(picture, height, width, channels)` makes the net's input.

    `draft_size(width, height)` is how small a JPEG's decoder may shrink the picture before.
    """

    transform: Callable[[Image, int, int, int], np.ndarray]
    draft_size: Callable[[int, int], tuple[int, int]]


TREATMENTS = {
    "digit": Treatment(digit, lambda width, height: (WORK_SIDE, WORK_SIDE)),
    # a JPEG that its decoder shrinks to no less than twice the size looks the same as a whole one when resized
    "photo": Treatment(photo, lambda width, height: (2 * width, 2 * height)),
}


def prepare(data: bytes, image_input: ImageInput, max_pixels: int = DEFAULT_MAX_PIXELS) -> np.ndarray:
    """uint8 [height, width, channels] from the bytes of an image file.

    Raises BadImage or ImageTooLarge as `decode` does, and ValueError for a treatment that is not in `TREATMENTS`.
    """
    treatment = TREATMENTS.get(image_input.treatment)
    if treatment is None:
        raise ValueError(f"There is no treatment '{image_input.treatment}'. There are: {', '.join(TREATMENTS)}.")
    height, width = image_input.height, image_input.width
    picture = decode(data, max_pixels, draft=treatment.draft_size(width, height))
    return treatment.transform(picture, height, width, image_input.channels)
