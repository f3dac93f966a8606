"""JPEG: Pillow walks the segments before the first scan in Python, and every scan passes over the whole picture."""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from service.errors import BadImage
from service.images.bounds.cost import Cost

_MAX_SEGMENTS = 1000
_MAX_METADATA = 100  # segments of Exif and of Photoshop: Pillow joins the ones and takes the others to pieces
_MAX_FILLING = 1 << 16  # bytes between segments
_MAX_SCANS = 100
_MAX_MARKERS = 10_000
_FEW_SCANS = 8
_NS_PER_PIXEL, _NS_PER_SCAN, _NS_PER_BYTE = 12, 3, 20

EOI, SOS = 0xD9, 0xDA
_WITHOUT_LENGTH = frozenset({0x00, 0x01, *range(0xD0, 0xDA)})
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_FIRST_MARKER = re.compile(rb"[^\xff]*\xff+([^\xff])", re.DOTALL)  # Pillow passes over what stands before it
_NEXT_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])", re.DOTALL)  # in coded data: the others belong to it
_LENGTH = struct.Struct(">H")
_SIZE = struct.Struct(">HH")


class Segment(NamedTuple):
    """`start` is where its marker ends and its length begins."""

    marker: int
    start: int
    length: int


def iterate_header(data: bytes) -> Iterator[Segment]:
    """The segments up to the first scan's, which is the last one. Raises BadImage, IndexError, struct.error."""
    position, filling, segments, metadata = 2, 0, 0, 0
    while True:
        found = _FIRST_MARKER.match(data, position, position + _MAX_FILLING)
        if found is None and position + _MAX_FILLING >= len(data):
            raise ValueError
        segments += 1
        filling += found.end() - position - 2 if found else _MAX_FILLING
        if found is None or segments > _MAX_SEGMENTS or filling > _MAX_FILLING:
            raise BadImage("The JPEG has too many segments before its picture.")
        marker, position = found[1][0], found.end()
        if marker in _WITHOUT_LENGTH:
            continue
        (length,) = _LENGTH.unpack_from(data, position)
        if marker == 0xED or (marker == 0xE1 and data.startswith(b"Exif", position + 2)):
            metadata += 1
            if metadata > _MAX_METADATA:
                raise BadImage("The JPEG has too many segments of metadata.")
        yield Segment(marker, position, length)
        if marker == SOS:
            return
        position += length


def iterate_scans(data: bytes, position: int) -> Iterator[Segment]:
    """The segments from `position`, in or before the first scan's data, to the end of the picture: its EOI is the last.

    Without an EOI the bytes end before the picture does. Raises BadImage, struct.error.
    """
    for _ in range(_MAX_MARKERS):
        found = _NEXT_MARKER.search(data, position)
        if found is None:
            return
        marker, position = found[1][0], found.end()
        if marker == EOI:
            yield Segment(marker, position, 0)
            return
        if marker >= 0xC0 and marker not in _WITHOUT_LENGTH:  # libjpeg skips the others without reading a length
            (length,) = _LENGTH.unpack_from(data, position)
            yield Segment(marker, position, length)
            position += length
    raise BadImage("The JPEG has too many segments.")


def read_size(data: bytes) -> tuple[int, int]:
    """Raises BadImage, IndexError, ValueError, struct.error."""
    return _read_frame(data)[:2]


def _read_frame(data: bytes) -> tuple[int, int, int]:
    """Width, height, and where the first scan's segment begins."""
    width = height = start = 0
    for segment in iterate_header(data):
        if segment.marker in FRAMES:
            frame_height, frame_width = _SIZE.unpack_from(data, segment.start + 3)
            width, height = max(width, frame_width), max(height, frame_height)
        start = segment.start
    return width, height, start


def count_scans_roughly(data: bytes) -> int:
    """At least as many as there are; of a small file."""
    return max(1, data.count(b"\xff\xda"))


def measure(data: bytes) -> Cost:
    """Raises BadImage, IndexError, ValueError, struct.error."""
    width, height, start = _read_frame(data)
    scans = 1 + data.count(b"\xff\xda", start)
    if scans > _FEW_SCANS:  # pictures and films that follow the first one may be counted in
        scans = 1
        for segment in iterate_scans(data, start):
            scans += segment.marker == SOS
            if scans > _MAX_SCANS:
                raise BadImage(f"The JPEG has more than {_MAX_SCANS} scans.")
    nanoseconds = width * height * (_NS_PER_PIXEL + _NS_PER_SCAN * scans) + len(data) * _NS_PER_BYTE
    return Cost(width, height, nanoseconds, f"{scans} scans" if scans > 1 else "")
