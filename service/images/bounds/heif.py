"""HEIF, as phones write it: a picture may be a grid of others, each of them decoded as often as it is named.

libheif refuses a coded picture that is larger than the file's own tables say, so these tables are what is measured.
"""

import struct
from collections.abc import Iterator

from service.errors import BadImage
from service.images.bounds.cost import Cost

_MAX_BOXES = 4096  # per level
_MAX_DEPTH = 4  # of grids of grids
_MAX_OWNERS, _MAX_REFERENCES = 64 << 10, 1 << 20  # bytes of tables; a phone's have a few thousand
_NS_PER_PIXEL, _NS_PER_BYTE, _NS_PER_PICTURE = 25, 80, 200_000

_Box = tuple[bytes, int, int]  # name, and where its content begins and ends
_Size = tuple[int, int]


def read_size(data: bytes) -> _Size:
    """Of the primary picture. Raises BadImage, struct.error, ValueError."""
    sizes, primary, _ = _read_tables(data)
    return sizes[primary]


def measure(data: bytes) -> Cost:
    """Raises BadImage, struct.error, ValueError."""
    sizes, primary, references = _read_tables(data)
    parts = dict(_iterate_parts(data, *references)) if references else {}
    width, height = sizes[primary]
    nanoseconds = _measure_item(primary, sizes, parts, {}, 0)
    count = len(parts.get(primary, ()))
    return Cost(width, height, nanoseconds + len(data) * _NS_PER_BYTE, f"{count} parts" if count else "")


def _measure_item(
    item: int, sizes: dict[int, _Size], parts: dict[int, tuple[int, ...]], known: dict[int, float], depth: int
) -> float:
    """Nanoseconds to decode an item and all that it is made of."""
    if depth > _MAX_DEPTH:
        raise BadImage(f"The HEIF is in parts of parts; at most {_MAX_DEPTH} levels are read.")
    if item not in known:
        width, height = sizes.get(item, (0, 0))
        own = width * height * _NS_PER_PIXEL + _NS_PER_PICTURE
        known[item] = own + sum(_measure_item(part, sizes, parts, known, depth + 1) for part in parts.get(item, ()))
    return known[item]


def _read_tables(data: bytes) -> tuple[dict[int, _Size], int, tuple[int, int] | None]:
    """The size of each item, the primary item, and where it says which items are made of others."""
    metas = [box for box in _iterate_boxes(data, 0, len(data)) if box[0] == b"meta"]
    if len(metas) != 1:
        raise ValueError
    _, start, end = metas[0]
    if data.find(b"iovl", start, end) >= 0:
        raise BadImage("The HEIF lays pictures over each other; that is not read.")
    boxes = {name: (begin, stop) for name, begin, stop in _iterate_boxes(data, start + 4, end)}
    if not {b"pitm", b"iprp"} <= boxes.keys():
        raise ValueError
    begin, _ = boxes[b"pitm"]
    (primary,) = struct.unpack_from(">I" if data[begin] else ">H", data, begin + 4)
    sizes = _read_sizes(data, *boxes[b"iprp"])
    if primary not in sizes:
        raise ValueError
    return sizes, primary, boxes.get(b"iref")


def _iterate_boxes(data: bytes, position: int, end: int) -> Iterator[_Box]:
    """Raises BadImage, struct.error, ValueError."""
    for _ in range(_MAX_BOXES):
        if position + 8 > end:
            return
        length, name = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, start)
            start += 8
        stop = end if length == 0 else position + length
        if stop < start or (stop > end and name != b"mdat"):  # a picture that is cut short lacks the end of its data
            raise ValueError
        yield name, start, min(stop, end)
        position = stop
    raise BadImage(f"The HEIF has more than {_MAX_BOXES} boxes.")


def _read_sizes(data: bytes, start: int, end: int) -> dict[int, _Size]:
    """Of `ipco`, a list of properties, and `ipma`, which says whose they are."""
    boxes = list(_iterate_boxes(data, start, end))
    if sum(name == b"ipco" for name, _, _ in boxes) != 1:
        raise ValueError
    if sum(stop - begin for name, begin, stop in boxes if name == b"ipma") > _MAX_OWNERS:
        raise BadImage(f"The HEIF says in more than {_MAX_OWNERS} bytes whose its properties are.")
    properties: list[_Size | None] = []
    sizes: dict[int, _Size] = {}
    for name, begin, stop in boxes:
        if name == b"ipco":
            for kind, at, _ in _iterate_boxes(data, begin, stop):
                properties.append(struct.unpack_from(">II", data, at + 4) if kind == b"ispe" else None)
        elif name == b"ipma":
            for item, index in _iterate_associations(data[begin:stop]):
                size = properties[index - 1] if 0 < index <= len(properties) else None
                if size is not None:
                    sizes[item] = max(size, sizes.get(item, size), key=lambda size: size[0] * size[1])
    return sizes


def _iterate_associations(table: bytes) -> Iterator[tuple[int, int]]:
    """An item, and the number of one of its properties, from 1. Raises struct.error for a count that lies."""
    version, flags = table[0], table[3]
    (count,) = struct.unpack_from(">I", table, 4)
    head = struct.Struct(">IB" if version else ">HB")
    position = 8
    for _ in range(count):
        item, associations = head.unpack_from(table, position)
        position += head.size
        for index in struct.unpack_from(f">{associations}{'H' if flags & 1 else 'B'}", table, position):
            yield item, index & (0x7FFF if flags & 1 else 0x7F)
        position += associations * (2 if flags & 1 else 1)


def _iterate_parts(data: bytes, start: int, end: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Of each item that is made of others (`dimg`), these. Raises struct.error for a count that lies."""
    if end - start > _MAX_REFERENCES:
        raise BadImage(f"The HEIF has more than {_MAX_REFERENCES} bytes of references.")
    size = "I" if data[start] else "H"
    head = struct.Struct(f">{size}H")
    for name, begin, stop in _iterate_boxes(data, start + 4, end):
        if name == b"dimg":
            table = data[begin:stop]
            item, count = head.unpack_from(table)
            yield item, struct.unpack_from(f">{count}{size}", table, head.size)
