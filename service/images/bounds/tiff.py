"""TIFF: Pillow lists every strip or tile in Python, before it decodes one."""

import struct
from typing import NamedTuple

from service.errors import BadImage
from service.images.bounds.cost import Cost

_MAX_TAGS = 1024
_MAX_PARTS = 1 << 16  # strips or tiles
_MAX_VALUES = 200_000  # of a tag of numbers: the palette of 16 bits has 196,608
_MAX_SCANS = 100  # of a strip: libtiff decodes no more

_WIDTH, _HEIGHT, _BITS, _COMPRESSION = 256, 257, 258, 259
_PART_TAGS = frozenset({273, 279, 324, 325})  # offsets and sizes of strips and of tiles
_BLOBS = frozenset({1, 2, 6, 7})  # types of bytes and text
_JPEG = frozenset({6, 7})

_NS_PER_PIXEL, _NS_PER_SCAN, _NS_PER_BYTE = 40, 4, 20
_NS_PER_DEEP_PIXEL = 60  # of 32 bits and more: their range is looked for first
_NS_PER_PART = 10_000


class _Entry(NamedTuple):
    tag: int
    type: int
    values: int
    value: int  # its first one where that stands in the entry itself, else its offset


def read_size(data: bytes) -> tuple[int, int]:
    """Raises BadImage, struct.error, ValueError."""
    values = {entry.tag: entry.value for entry in _read_directory(data)}
    return values.get(_WIDTH, 0), values.get(_HEIGHT, 0)


def _read_directory(data: bytes) -> list[_Entry]:
    """The tags of the first frame, the only one that is decoded. Raises BadImage, struct.error, ValueError."""
    order = "<" if data[:2] == b"II" else ">"
    if data[2] == 43:  # BigTIFF, as Pillow recognises it
        (offset,) = struct.unpack_from(order + "Q", data, 8)
        (count,) = struct.unpack_from(order + "Q", data, offset)
        entry, first, inline = struct.Struct(order + "HHQ8s"), offset + 8, 8
    else:
        (offset,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, offset)
        entry, first, inline = struct.Struct(order + "HHI4s"), offset + 2, 4
    if count > _MAX_TAGS:
        raise BadImage(f"The TIFF has {count} tags; at most {_MAX_TAGS} are read.")
    wide = "Q" if inline == 8 else "I"
    entries = []
    for tag, kind, values, raw in (entry.unpack_from(data, first + index * entry.size) for index in range(count)):
        (value,) = struct.unpack_from(order + ("H" if kind == 3 and values * 2 <= inline else wide), raw)
        entries.append(_Entry(tag, kind, values, value))
    return entries


def measure(data: bytes) -> Cost:
    """Raises BadImage, struct.error, ValueError."""
    width = height = parts = bits = 0
    compression = 1
    for entry in _read_directory(data):
        if entry.tag in _PART_TAGS:
            parts = max(parts, entry.values)
        elif entry.values > _MAX_VALUES and entry.type not in _BLOBS:
            raise BadImage(f"A tag of the TIFF has {entry.values} values; at most {_MAX_VALUES} are read.")
        elif entry.tag == _WIDTH:
            width = max(width, entry.value)
        elif entry.tag == _HEIGHT:
            height = max(height, entry.value)
        elif entry.tag == _COMPRESSION:
            compression = entry.value
        elif entry.tag == _BITS:
            bits = max(bits, entry.value if entry.values == 1 else 16)  # there are no deep pixels of several channels
    if parts > _MAX_PARTS:
        raise BadImage(f"The TIFF is in {parts} strips or tiles; at most {_MAX_PARTS} are read.")
    per_pixel = _NS_PER_DEEP_PIXEL if bits >= 32 else _NS_PER_PIXEL
    if compression in _JPEG:
        per_pixel += _NS_PER_SCAN * _count_scans(data, parts)
    nanoseconds = width * height * per_pixel + len(data) * _NS_PER_BYTE + parts * _NS_PER_PART
    return Cost(width, height, nanoseconds, f"{parts} strips or tiles of {bits} bits")


def _count_scans(data: bytes, parts: int) -> int:
    """Passes over each strip or tile, at the most: progressive ones have many scans, and may be used several times."""
    scans = data.count(b"\xff\xda")
    return min(_MAX_SCANS, scans) if b"\xff\xc2" in data or scans > 4 * parts else 4
