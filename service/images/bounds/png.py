"""PNG: Pillow walks its chunks in Python, and unpacks texts and profiles up to a megabyte each."""

import struct

from service.errors import BadImage
from service.images.bounds.cost import Cost

_MAX_CHUNKS = 1000  # and one more per KiB: encoders write chunks of 8 KiB and more
_MAX_PACKED = 64  # texts and profiles, which are a megabyte each when they are unpacked
_PACKED = frozenset({b"zTXt", b"iTXt", b"iCCP"})
_CHUNK = struct.Struct(">I4s")
_SIZE = struct.Struct(">II")
_START = 8
_NS_PER_PIXEL, _NS_PER_BYTE = 40, 4


def read_size(data: bytes, start: int = 0) -> tuple[int, int]:
    """Raises struct.error, ValueError."""
    if data[start + 12 : start + 16] != b"IHDR":
        raise ValueError
    width, height = _SIZE.unpack_from(data, start + 16)
    return width, height


def measure(data: bytes, start: int = 0) -> Cost:
    """Raises BadImage, struct.error, ValueError. `start` is where the PNG begins."""
    width, height = 0, 0
    position, end, packed = start + _START, len(data) - 8, 0
    chunks_left = _MAX_CHUNKS + len(data) // 1024
    while position <= end:
        length, name = _CHUNK.unpack_from(data, position)
        if name == b"IEND":
            break
        if name == b"IHDR":
            if width:
                raise BadImage("The PNG has more than one header.")
            width, height = _SIZE.unpack_from(data, position + 8)
        elif name in _PACKED:
            packed += 1
            if packed > _MAX_PACKED:
                raise BadImage(f"The PNG has more than {_MAX_PACKED} packed texts and profiles.")
        chunks_left -= 1
        if not chunks_left:
            raise BadImage("The PNG has too many chunks.")
        position += length + 12
    return Cost(width, height, width * height * _NS_PER_PIXEL + len(data) * _NS_PER_BYTE)
