"""The geometry of images, which serving and training both call: any picture in, a servable's own form out.

Imports nothing of the service but its errors.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import msgspec
import numpy as np
from PIL.Image import Image

from service.errors import BadImage
from service.images.bounds import Estimate, estimate
from service.images.decode import DEFAULT_MAX_PIXELS, LARGE_PIXELS, decode, decode_tolerantly, measure
from service.images.digit import DRAFT_SIDE, digit, read_digit
from service.images.formats import detect_format
from service.images.photo import Box, cut_ends, photo

cv2.setNumThreads(1)  # pictures are decoded side by side by threads of our own

__all__ = [
    "LARGE_PIXELS",
    "TREATMENTS",
    "Box",
    "Estimate",
    "ImageInput",
    "Prepared",
    "View",
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


class Prepared(NamedTuple):
    """uint8 [height, width, channels], and warnings: `truncated` for a JPEG that lacks its last bytes, for example."""

    pixels: np.ndarray
    warnings: tuple[str, ...] = ()


class Treatment(NamedTuple):
    """`transform(picture, height, width, channels)` makes the net's input, and says what the caller should know.

    `draft_size(width, height)` is how small a JPEG's decoder may shrink the picture before. `find_box(width,
    height, aspect)` is the part of a picture that an input of that width over height shows, stretched; None where the
    input has another geometry.
    """

    transform: Callable[[Image, int, int, int], Prepared]
    draft_size: Callable[[int, int], tuple[int, int]]
    find_box: Callable[[int, int, float], Box] | None


def _transform_digit(picture: Image, height: int, width: int, channels: int) -> Prepared:
    pixels, count = read_digit(picture, height, width, channels)
    return Prepared(pixels, ("several_digits",) if count > 1 else ())


def _transform_photo(picture: Image, height: int, width: int, channels: int) -> Prepared:
    return Prepared(photo(picture, height, width, channels))


TREATMENTS = {
    "digit": Treatment(_transform_digit, lambda width, height: (DRAFT_SIDE, DRAFT_SIDE), find_box=None),
    # a JPEG that its decoder shrinks to no less than twice the size looks the same as a whole one when resized
    "photo": Treatment(_transform_photo, lambda width, height: (2 * width, 2 * height), find_box=cut_ends),
}


class View(NamedTuple):
    """What to prepare a picture as, to show it to people, and the box of it that the net's input covers."""

    image_input: ImageInput
    box: Box


def prepare(data: bytes, image_input: ImageInput, max_pixels: int = DEFAULT_MAX_PIXELS) -> np.ndarray:
    """uint8 [height, width, channels] from the bytes of an image file.

    Raises BadImage or ImageTooLarge as `decode` does, NoDigit, and ValueError for a treatment that is not in
    `TREATMENTS`.
    """
    treatment = _get_treatment(image_input)
    height, width = image_input.height, image_input.width
    picture = decode(data, max_pixels, draft=treatment.draft_size(width, height))
    return treatment.transform(picture, height, width, image_input.channels).pixels


def prepare_tolerantly(data: bytes, image_input: ImageInput, max_pixels: int = DEFAULT_MAX_PIXELS) -> Prepared:
    """As `prepare`, but a JPEG may lack its last bytes, as in `decode_tolerantly`."""
    treatment = _get_treatment(image_input)
    height, width = image_input.height, image_input.width
    picture = decode_tolerantly(data, max_pixels, draft=treatment.draft_size(width, height))
    prepared = treatment.transform(picture.image, height, width, image_input.channels)
    return Prepared(prepared.pixels, ("truncated", *prepared.warnings)) if picture.truncated else prepared


def choose_view(data: bytes, image_input: ImageInput, max_side: int) -> View:
    """On what a map over the net's input is shown, so that it lies right.

    Where the input shows a part of the picture, that is the whole upright picture in its own proportions, with sides of
    at most `max_side`; else it is what the net gets. The data has been prepared before.
    """
    find_box = _get_treatment(image_input).find_box
    if find_box is None:
        return View(image_input, (0, 0, image_input.width, image_input.height))
    width, height = measure(data)
    shrink = min(1.0, max_side / max(width, height))
    width, height = max(1, round(width * shrink)), max(1, round(height * shrink))
    return View(ImageInput(height, width, 3, "photo"), find_box(width, height, image_input.width / image_input.height))


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
