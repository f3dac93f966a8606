"""ICO: Pillow decodes an icon when it opens it, and trusts the picture inside more than the icon's own directory."""

import struct

from service.errors import BadImage, ImageTooLarge
from service.images.bounds import bitmaps, png
from service.images.bounds.cost import Cost

_MAX_PICTURES = 256
_MAX_PIXELS = 4_000_000
_PNG = b"\x89PNG\r\n\x1a\n"


def measure(data: bytes) -> Cost:
    """Of the costliest picture inside. Raises BadImage, ImageTooLarge, struct.error, ValueError."""
    (count,) = struct.unpack_from("<H", data, 4)
    if count > _MAX_PICTURES:
        raise BadImage(f"The ICO holds {count} pictures; at most {_MAX_PICTURES} are read.")
    offsets = {struct.unpack_from("<I", data, 6 + 16 * index + 12)[0] for index in range(count)}
    costs = [_measure_inner(data, offset) for offset in offsets]
    for cost in costs:
        if cost.width * cost.height > _MAX_PIXELS:
            raise ImageTooLarge(
                f"The image is {cost.width} x {cost.height} pixels: an icon has at most {_MAX_PIXELS:,}."
            )
    return max(costs, key=lambda cost: cost.nanoseconds)


def _measure_inner(data: bytes, offset: int) -> Cost:
    if data.startswith(_PNG, offset):
        return png.measure(data, offset)
    cost = bitmaps.measure_dib(data, offset)
    return cost._replace(height=cost.height // 2)  # the lower half is the mask
