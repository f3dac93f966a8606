"""What a picture costs to decode, judged from its headers before a pixel is decoded, and the bounds on that.

Each format has a module or a function here that walks its structure in bounded time. The costs are measured on files
made to be slow, in nanoseconds of one core: they are no promise, but an order of magnitude.
"""

import struct
from collections.abc import Callable
from typing import NamedTuple

from service.errors import BadImage, ImageTooLarge
from service.images.bounds import bitmaps, gif, heif, icon, jpeg, jpeg2000, png, tiff
from service.images.bounds.cost import Cost

_NS_PER_PIXEL = 80  # of the largest picture that is accepted: 50 megapixels may take about 4 s
_MIN_BOUND = 1_000_000_000  # ns; a low bound on pixels is none on the work of small pictures
_QUICK = 1 << 17  # pixels, times the passes over them

_MEASURES: dict[str, Callable[[bytes], Cost]] = {
    "PNG": png.measure,
    "JPEG": jpeg.measure,
    "WEBP": bitmaps.measure_webp,
    "GIF": gif.measure,
    "BMP": bitmaps.measure_bmp,
    "TIFF": tiff.measure,
    "PPM": bitmaps.measure_ppm,
    "ICO": icon.measure,
    "JPEG2000": jpeg2000.measure,
    "AVIF": bitmaps.measure_avif,
    "HEIF": heif.measure,
}
_SIZES: dict[str, Callable[[bytes], tuple[int, int]]] = {
    "PNG": png.read_size,
    "JPEG": jpeg.read_size,
    "WEBP": bitmaps.read_webp_size,
    "GIF": gif.read_size,
    "BMP": bitmaps.read_bmp_size,
    "TIFF": tiff.read_size,
    "PPM": bitmaps.read_ppm_size,
    "JPEG2000": jpeg2000.read_size,
    "AVIF": bitmaps.read_avif_size,
    "HEIF": heif.read_size,
}
_PROFILES = b"iCCP", b"ICC_PROFILE"  # of colours: a few kilobytes may unpack to a million
_QUICK_FORMATS = {"PNG": lambda data: 1, "JPEG": jpeg.count_scans_roughly}


class Estimate(NamedTuple):
    """`pixels` of the header, None if they are not told there. `is_quick`: decoded in about a millisecond."""

    pixels: int | None
    is_quick: bool


def check_cost(kind: str, data: bytes, max_pixels: int) -> None:
    """Raises BadImage or ImageTooLarge for a picture that costs more than the largest one that is accepted."""
    try:
        cost = _MEASURES[kind](data)
    except (struct.error, IndexError, ValueError):
        raise BadImage(f"The {kind} is cut short or damaged.") from None
    if cost.width * cost.height > max_pixels:
        raise ImageTooLarge(f"The image is {cost.width} x {cost.height} pixels: at most {max_pixels:,} are accepted.")
    if cost.nanoseconds > max(_NS_PER_PIXEL * max_pixels, _MIN_BOUND):
        raise ImageTooLarge(f"The {kind} takes too long to decode: {cost.describe()}. Send it smaller or simpler.")


def estimate(kind: str, data: bytes) -> Estimate:
    """What decides where a picture is decoded; never raises, and costs microseconds."""
    try:
        width, height = _SIZES[kind](data)
        pixels = max(width, 1) * max(height, 1)
    except (KeyError, struct.error, IndexError, ValueError, BadImage):
        return Estimate(None, is_quick=False)
    count_passes = _QUICK_FORMATS.get(kind)
    quick = count_passes is not None and pixels <= _QUICK and pixels * count_passes(data) <= _QUICK
    return Estimate(pixels, quick and not any(name in data for name in _PROFILES))
