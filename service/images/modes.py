"""From any mode that Pillow can decode to one of four: L, LA, RGB, RGBA, eight bits a channel."""

import numpy as np
from PIL import Image

from service.errors import BadImage

_BLOCK = 1 << 18  # values that are scaled at a time: whole pictures would take twenty bytes a pixel

PLAIN_MODES = frozenset({"L", "LA", "RGB", "RGBA"})

_CONVERTED = {
    "1": "L",
    "P": "RGB",
    "PA": "RGBA",
    "La": "LA",
    "RGBa": "RGBA",
    "RGBX": "RGB",
    "CMYK": "RGB",
    "YCbCr": "RGB",
    "HSV": "RGB",
}


def plain(image: Image.Image) -> Image.Image:
    """The same picture in mode L, LA, RGB or RGBA; the image itself where it is so already.

    Sixteen-bit greys keep their high byte. Greys of no declared range (modes I and F) are read by the values they
    hold, see `_scale_to_bytes`. A colour key or a palette's transparency becomes an alpha channel.

    Raises BadImage for a mode that has no way to eight bits (such as LAB).
    """
    if image.mode in PLAIN_MODES and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        return Image.fromarray(_scale_to_bytes(np.asarray(image)))
    target = _CONVERTED.get(image.mode, image.mode)
    if target in ("L", "RGB") and image.has_transparency_data:
        target = "RGBA"
    if target not in PLAIN_MODES:
        raise BadImage(f"A picture in colour mode {image.mode} is not accepted.")
    try:
        return image.convert(target)
    except (ValueError, OSError) as error:
        raise BadImage(f"A picture in colour mode {image.mode} could not be converted to RGB.") from error


def _scale_to_bytes(values: np.ndarray) -> np.ndarray:
    """uint8 [H,W] from greys of unknown range, int32 or float32 [H,W].

    The range is taken to be the narrowest usual one that holds every value: 0..1 for floats, 0..255, 0..65535.
    Values that fit none of them are stretched from their own least to their own greatest. NaN and infinities are 0.
    """
    whole = values.dtype.kind in "iu"
    rows = max(1, _BLOCK // values.shape[1])
    blocks = [slice(start, start + rows) for start in range(0, len(values), rows)]
    ranges = [(grey.min(), grey.max()) for grey in (_to_finite(values[block]) for block in blocks)]
    low, high = float(min(low for low, _ in ranges)), float(max(high for _, high in ranges))
    scaled = np.empty(values.shape, np.uint8)
    for block in blocks:
        grey = _to_finite(values[block])
        if low < 0 or high > 65535:
            grey = (grey - low) * (255.0 / max(high - low, 1e-300))
        elif high > 255:
            grey = grey // 256
        elif high <= 1 and not whole:
            grey = grey * 255.0
        scaled[block] = np.clip(grey if whole else np.rint(grey), 0, 255)
    return scaled


def _to_finite(values: np.ndarray) -> np.ndarray:
    return np.nan_to_num(values.astype(np.float64), copy=False, nan=0.0, posinf=0.0, neginf=0.0)
