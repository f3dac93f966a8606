"""JPEGs that lack their last bytes, as an interrupted copy leaves them; every browser shows them.

How many rows are there is found by decoding the picture with two different ends in place of the missing one: rows that
come out the same do not depend on what is missing.
"""

import random
from io import BytesIO

from PIL import Image, JpegImagePlugin

from service.images.bounds import jpeg

_MIN_ROWS = 0.98  # of all rows
_BLOCK = 64  # rows that are compared at a time
_END = b"\xff\xd9"
# any other coded data than the missing one; without 0xFF, which begins a marker
_OTHER_DATA = bytes(random.Random(0).choices(range(255), k=4096))
_COEFFICIENTS = 64


def has_end(data: bytes) -> bool:
    """Whether a whole JPEG has its end marker; a small picture in its header has one of its own."""
    if data.endswith(_END):
        return True
    *_, first_scan = jpeg.iterate_header(data)
    return data.rfind(_END) > first_scan.start


def complete(data: bytes) -> bytes | None:
    """The JPEG with an end, if it has none and nearly all of its rows are there; else None.

    Raises what Pillow raises on damaged bytes.
    """
    if not _reaches_last_scan(data):
        return None
    begun = data.rstrip(b"\xff")  # the first half of a marker
    completed = begun + _END
    image, other = _load(completed), _load(begun + _OTHER_DATA + _END)
    rows = -(-image.height * int(_MIN_ROWS * 100) // 100)
    for top in range(0, rows, _BLOCK):
        box = (0, top, image.width, min(top + _BLOCK, rows))
        if image.crop(box).tobytes() != other.crop(box).tobytes():
            return None
    return completed


def _load(data: bytes) -> Image.Image:
    image = JpegImagePlugin.JpegImageFile(BytesIO(data))
    image.load()
    return image


def _reaches_last_scan(data: bytes) -> bool:
    """Whether the bytes end before the picture does, in or after the scan that makes the last of it exact.

    A progressive JPEG sends every row several times: coarse at first, then finer.
    """
    precision: dict[tuple[int, int], int] = {}  # low bits that are not sent yet, by component and coefficient
    progressive, start = False, 0
    for segment in jpeg.iterate_header(data):
        start = segment.start
        if segment.marker in jpeg.FRAMES:
            progressive = segment.marker in (0xC2, 0xCA)
            first = segment.start + 8
            components = data[first : first + 3 * data[first - 1] : 3]
            precision = {(component, index): 8 for component in components for index in range(_COEFFICIENTS)}
    for segment in jpeg.iterate_scans(data, start - 2):
        if segment.marker == jpeg.EOI:
            return False
        if segment.marker == jpeg.SOS:
            first = segment.start + 3
            components = data[first : first + 2 * data[first - 1] : 2]
            begin, end, bits = data[first + 2 * len(components) :][:3]
            indices, left = (range(begin, end + 1), bits & 15) if progressive else (range(_COEFFICIENTS), 0)
            precision |= {(component, index): left for component in components for index in indices}
    return not any(precision.values())
