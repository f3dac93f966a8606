"""Shades of grey in which the ink differs from the paper: from any picture, whatever its colours and transparency."""

import cv2
import numpy as np
from PIL import Image

_SEEN = 64  # of alpha
_ALIKE = 32  # grey levels
_COLOURLESS = 8


def to_grey(picture: Image.Image, side: int) -> np.ndarray:
    """uint8 [H,W], its longer side at most `side`; transparent pixels are paper."""
    factor = max(1, round(max(picture.size) / side))
    if picture.mode in ("LA", "RGBA"):
        flat = flatten_alpha(np.asarray(picture))
        if flat is not None:
            return shrink(flat, factor)
        picture = picture.convert(picture.mode[:-1])
    pixels = np.asarray(picture.reduce(factor) if factor > 1 else picture)
    return pixels if pixels.ndim == 2 else project_on_ink(pixels)


def shrink(grey: np.ndarray, factor: int) -> np.ndarray:
    """Each pixel becomes the mean of `factor` x `factor`."""
    return np.asarray(Image.fromarray(grey).reduce(factor)) if factor > 1 else grey


def flatten_alpha(pixels: np.ndarray) -> np.ndarray | None:
    """uint8 [H,W] of a picture whose last channel is alpha; None if that is the same everywhere.

    If all that is seen has one shade, the opacity is the ink; else the picture is laid on paper of the other shade.
    """
    alpha = cv2.extractChannel(pixels, pixels.shape[2] - 1)
    least, most, _, _ = cv2.minMaxLoc(alpha)
    if least == most:
        return None
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGBA2GRAY) if pixels.shape[2] == 4 else cv2.extractChannel(pixels, 0)
    seen = grey[alpha > _SEEN]
    if seen.size == 0 or int(np.percentile(seen, 98)) - int(np.percentile(seen, 2)) < _ALIKE:
        return alpha
    around = float(np.median(seen))
    if seen.size * 2 < alpha.size:
        around = 255.0 if around < 128 else 0.0
    opaque = cv2.multiply(grey, alpha, scale=1 / 255)
    return cv2.add(opaque, cv2.convertScaleAbs(cv2.bitwise_not(alpha), alpha=around / 255))


def project_on_ink(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H,W] from RGB: along the axis of colour on which neighbouring pixels differ most, as ink and paper do.

    Light and shadow change slowly, so that they do not decide; red ink on green paper of equal brightness is seen.
    """
    red, green, blue = cv2.split(pixels)
    if max(cv2.norm(red, green, cv2.NORM_INF), cv2.norm(green, blue, cv2.NORM_INF)) < _COLOURLESS:
        return green
    small = cv2.resize(pixels, (48, 48), interpolation=cv2.INTER_AREA).astype(np.float32)
    details = (small - cv2.blur(small, (15, 15))).reshape(-1, 3)
    axis = np.linalg.eigh(details.T @ details)[1][:, -1]
    axis /= np.abs(axis).sum()
    if axis.sum() < 0:
        axis = -axis
    offset = -255 * axis[axis < 0].sum()
    return cv2.transform(pixels, np.append(axis, offset)[None])
