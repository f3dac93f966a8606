"""Pictures that are in the form of MNIST's images already."""

from functools import cache

import cv2
import numpy as np
from PIL import Image

_INKED = 31


def read_mnist_form(picture: Image.Image) -> np.ndarray | None:
    """The picture bright on black if it is in MNIST's form, or is that form's negative; else None.

    The form: an edge that is dark but for a tenth of it, ink that reaches near white, spans 18 to 20 pixels of 28 on
    its longer axis and has its centre of mass within a pixel of the middle. All 70,000 images of MNIST have it.
    """
    pixels = np.asarray(_to_grey(picture))
    height, width = pixels.shape
    edge = pixels.ravel()[_get_edge(height, width)]
    if np.count_nonzero(edge > 127) * 2 > edge.size:
        pixels, edge = 255 - pixels, 255 - edge
    if np.count_nonzero(edge > 16) * 10 > edge.size or int(pixels.max()) < 200:
        return None
    _, _, columns, rows = cv2.boundingRect(cv2.threshold(pixels, _INKED, 255, cv2.THRESH_BINARY)[1])
    if not 17.5 / 28 < max(columns / width, rows / height) < 20.5 / 28:
        return None
    moments = cv2.moments(pixels)
    across, down = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    off = max(abs(down - height / 2), abs(across - width / 2))
    return pixels if off < max(height, width) / 28 else None


def _to_grey(picture: Image.Image) -> Image.Image:
    if picture.mode == "L":
        return picture
    if picture.mode in ("LA", "RGBA") and picture.getextrema()[-1] != (255, 255):
        return picture.getchannel("A")
    return picture.convert("RGB").convert("L")


@cache
def _get_edge(height: int, width: int) -> np.ndarray:
    """The flat indices of the outermost pixels; the corners twice."""
    at = np.arange(height * width).reshape(height, width)
    return np.concatenate((at[0], at[-1], at[:, 0], at[:, -1]))
