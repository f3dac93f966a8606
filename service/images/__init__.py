"""The geometry of images, which serving and training both call: any picture in, a servable's own form out."""

import numpy as np

from service.images.decode import DEFAULT_MAX_PIXELS, decode
from service.images.digit import WORK_SIDE, digit
from service.images.photo import photo

__all__ = ["TREATMENTS", "decode", "digit", "photo", "prepare"]

TREATMENTS = ("digit", "photo")


def prepare(
    data: bytes, treatment: str, height: int, width: int, channels: int, max_pixels: int = DEFAULT_MAX_PIXELS
) -> np.ndarray:
    """uint8 [height, width, channels] from the bytes of an image file, by the treatment of that name.

    Raises BadImage or ImageTooLarge as `decode` does, and ValueError for a treatment that is not in `TREATMENTS`.
    """
    if treatment == "photo":
        # A JPEG shrunk by its decoder to no less than twice the size looks the same as a whole one when resized.
        return photo(decode(data, max_pixels, draft=(2 * width, 2 * height)), height, width, channels)
    if treatment == "digit":
        return digit(decode(data, max_pixels, draft=(WORK_SIDE, WORK_SIDE)), height, width, channels)
    raise ValueError(f"no treatment is named {treatment!r}: {', '.join(TREATMENTS)} are")
