"""The geometry of images, which serving and training both call: any picture in, a servable's own form out.

Imports nothing of the service but its errors.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec
import numpy as np
from PIL.Image import Image

from service.errors import BadImage
from service.images.bounds import Estimate, estimate
from service.images.decode import DEFAULT_MAX_PIXELS, LARGE_PIXELS, decode, decode_tolerantly, measure
from service.images.digit import WORK_SIDE, digit
from service.images.formats import detect_format
from service.images.photo import photo

__all__ = [
    "LARGE_PIXELS",
    "TREATMENTS",
    "Estimate",
    "ImageInput",
    "Prepared",
    "choose_view",
    "decode",
    "decode_tolerantly",
    "digit",
    "estimate_cost",
    "photo",
    "prepare",
    "prepare_tolerantly",
]


class ImageInput(msgspec.Struct, frozen=True):
    """The images that a net takes or makes; `treatment` is the geometry that brings any picture to this form."""

    height: int
    width: int
    channels: int
    treatment: str


class Treatment(NamedTuple):
    """`transform(picture, height, width, channels)` makes the net's input.

    `draft_size(width, height)` is how small a JPEG's decoder may shrink the picture before. `stretches`: the input
    shows the whole picture, and each of its places is in the same place of the input.
    """

    transform: Callable[[Image, int, int, int], np.ndarray]
    draft_size: Callable[[int, int], tuple[int, int]]
    stretches: bool


TREATMENTS = {
    "digit": Treatment(digit, lambda width, height: (WORK_SIDE, WORK_SIDE), stretches=False),
    # a JPEG that its decoder shrinks to no less than twice the size looks the same as a whole one when resized
    "photo": Treatment(photo, lambda width, height: (2 * width, 2 * height), stretches=True),
}


class Prepared(NamedTuple):
    """uint8 [height, width, channels], and whether they are of a JPEG that lacks its last bytes."""

    pixels: np.ndarray
    truncated: bool


def prepare(data: bytes, image_input: ImageInput, max_pixels: int = DEFAULT_MAX_PIXELS) -> np.ndarray:
    """uint8 [height, width, channels] from the bytes of an image file.

    Raises BadImage or ImageTooLarge as `decode` does, and ValueError for a treatment that is not in `TREATMENTS`.
    """
    treatment = _get_treatment(image_input)
    height, width = image_input.height, image_input.width
    picture = decode(data, max_pixels, draft=treatment.draft_size(width, height))
    return treatment.transform(picture, height, width, image_input.channels)


def prepare_tolerantly(data: bytes, image_input: ImageInput, max_pixels: int = DEFAULT_MAX_PIXELS) -> Prepared:
    """As `prepare`, but a JPEG may lack its last bytes, as in `decode_tolerantly`."""
    treatment = _get_treatment(image_input)
    height, width = image_input.height, image_input.width
    picture = decode_tolerantly(data, max_pixels, draft=treatment.draft_size(width, height))
    return Prepared(treatment.transform(picture.image, height, width, image_input.channels), picture.truncated)


def choose_view(data: bytes, image_input: ImageInput, max_side: int) -> ImageInput:
    """What to prepare a picture as for people, so that a map over the net's input lies right on it.

    Where the treatment only stretches, that is the upright picture in its own proportions, with sides of at most
    `max_side`; else it is what the net gets. The data has been prepared before.
    """
    if not _get_treatment(image_input).stretches:
        return image_input
    width, height = measure(data)
    shrink = min(1.0, max_side / max(width, height))
    return ImageInput(max(1, round(height * shrink)), max(1, round(width * shrink)), 3, "photo")


def _get_treatment(image_input: ImageInput) -> Treatment:
    treatment = TREATMENTS.get(image_input.treatment)
    if treatment is None:
        raise ValueError(f"There is no treatment '{image_input.treatment}'. There are: {', '.join(TREATMENTS)}.")
    return treatment


def estimate_cost(data: bytes) -> Estimate:
    """What decoding will cost, by a look at the header; nearly nothing for bytes that are not an image."""
    try:
        return estimate(detect_format(data), data)
    except BadImage:
        return Estimate(0, is_quick=True)
