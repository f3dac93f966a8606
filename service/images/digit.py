"""The treatment of handwritten digits: brings any picture of a digit to the form of MNIST's images.

The steps: `to_grey`, `find_contrast`, `find_ink`, `select_digits`, `place`. docs/digits.md shows each of them.
"""

import numpy as np
from PIL import Image

from service.errors import NoDigit
from service.images.contrast import find_contrast
from service.images.grey import to_grey
from service.images.ink import find_ink
from service.images.mnist_form import read_mnist_form
from service.images.modes import plain
from service.images.place import place
from service.images.selection import select_digits

WORK_SIDE = 160  # pixels of the longer side, about
DRAFT_SIDE = 120  # pixels; to less than that no JPEG is shrunk by its decoder
_MIN_SIDE = 4  # pixels


def digit(image: Image.Image, height: int, width: int, channels: int) -> np.ndarray:
    """uint8 [height, width, channels]: the digit bright on black, in a box of 20/28 of the size, centred by mass.

    A picture in MNIST's form stays as it is; of several digits the largest is taken. Raises NoDigit.
    """
    return read_digit(image, height, width, channels)[0]


def read_digit(image: Image.Image, height: int, width: int, channels: int) -> tuple[np.ndarray, int]:
    """As `digit`, and how many digits there are."""
    if channels not in (1, 3):
        raise ValueError(f"a digit has 1 or 3 channels, not {channels}")
    picture, count = plain(image), 1
    pixels = read_mnist_form(picture) if picture.size == (width, height) else None
    if pixels is None:
        digits = find_digits(picture)
        pixels, count = place(digits[0], height, width), len(digits)
    return np.repeat(pixels[:, :, None], channels, axis=2) if channels > 1 else pixels[:, :, None], count


def find_digits(picture: Image.Image) -> list[np.ndarray]:
    """uint8 [H,W] each, at the working size: the ink of one digit, the largest first. Raises NoDigit."""
    grey = to_grey(picture, WORK_SIDE)
    ink = find_ink(find_contrast(grey)) if min(grey.shape) >= _MIN_SIDE else None
    if ink is None:
        raise NoDigit("There is no digit in the picture.")
    return select_digits(ink)
