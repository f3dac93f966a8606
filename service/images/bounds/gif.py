"""GIF: Pillow reads what comes before the first frame in Python, block by block."""

import struct

from service.errors import BadImage
from service.images.bounds.cost import Cost

_MAX_BLOCKS = 1 << 16
_NS_PER_PIXEL = 25
_SIZE = struct.Struct("<HH")
_FRAME = struct.Struct("<HHHH")


def read_size(data: bytes) -> tuple[int, int]:
    """Of the screen; the first frame may be larger. Raises struct.error."""
    width, height = _SIZE.unpack_from(data, 6)
    return width, height


def measure(data: bytes) -> Cost:
    """Of the first frame, the only one that is decoded. Raises BadImage, IndexError, struct.error."""
    width, height = read_size(data)
    position = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 128 else 0)
    blocks_left = _MAX_BLOCKS
    while data[position] != 0x2C:
        is_extension = data[position] == 0x21
        position += 2 if is_extension else 1
        while is_extension and data[position]:
            position += data[position] + 1
            blocks_left -= 1
            if blocks_left < 0:
                break
        position += is_extension
        blocks_left -= 1
        if blocks_left < 0:
            raise BadImage(f"The GIF has more than {_MAX_BLOCKS} blocks before its picture.")
    left, top, frame_width, frame_height = _FRAME.unpack_from(data, position + 1)
    width, height = max(width, left + frame_width), max(height, top + frame_height)
    return Cost(width, height, width * height * _NS_PER_PIXEL)
