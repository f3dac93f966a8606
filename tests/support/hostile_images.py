"""Small or simple files that are costly to decode, each within the bounds on bytes and pixels."""

import io
import struct
import zlib
from typing import Any

from PIL import Image

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def save(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def make_png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def make_png(before: bytes = b"", after: bytes = b"", side: int = 16) -> bytes:
    """Greys, with chunks before and after its pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((side + 1) * side), 9)
    chunks = (make_png_chunk(b"IHDR", header), before, make_png_chunk(b"IDAT", pixels), after)
    return PNG_MAGIC + b"".join(chunks) + make_png_chunk(b"IEND", b"")


def make_jpeg(before: bytes = b"") -> bytes:
    """With segments before its picture."""
    data = save(Image.new("L", (16, 16)), "JPEG")
    return data[:2] + before + data[2:]


def make_jpeg_of_scans(scans: int, side: int = 64) -> bytes:
    """Progressive, with its last scan repeated."""
    data = save(Image.new("RGB", (side, side), (9, 99, 200)), "JPEG", progressive=True)
    end, start = data.rindex(b"\xff\xd9"), data.rindex(b"\xff\xda")
    return data[:end] + data[start:end] * scans + data[end:]


def make_gif(before: bytes, side: int = 16) -> bytes:
    """With blocks before its picture."""
    data = save(Image.new("P", (side, side)), "GIF")
    start = data.index(b"\x2c\0\0\0\0")
    return data[:start] + before + data[start:]


def make_bmp(side: int, compression: int, body: bytes) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, compression, 0, 0, 0, 256, 0)
    return b"BM" + struct.pack("<III", 0, 0, 14 + 40 + 1024) + header + bytes(range(256)) * 4 + body


def make_tiff(tags: dict[int, tuple[int, int, int]]) -> bytes:
    """One directory of `tag: (type, count, value)`."""
    entries = b"".join(struct.pack("<HHII", tag, *values) for tag, values in sorted(tags.items()))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


def make_tiff_of_strips(strips: int, side: int = 16, bits: int = 8) -> bytes:
    tags = {256: side, 257: side, 258: bits, 259: 1, 262: 1, 277: 1, 278: 1}
    entries = {tag: (4, 1, value) for tag, value in tags.items()}
    return make_tiff({**entries, 273: (4, strips, 8), 279: (4, strips, 8)}) + bytes(4 * strips)


def make_jpeg2000(
    side: int,
    tile: int,
    levels: int = 0,
    block: int = 4,
    precincts: bytes = b"",
    layers: int = 1,
    style_in_tile: bool = False,
) -> bytes:
    """A codestream of one component with an empty first tile; `block` is the exponent of a code block's side."""
    size = struct.pack(">HIIIIIIIIHBBB", 0, side, side, 0, 0, tile, tile, 0, 0, 1, 7, 1, 1)
    style = (
        struct.pack(">BBHB", bool(precincts), 0, layers, 0) + bytes([levels, block - 2, block - 2, 0, 1]) + precincts
    )
    usual = struct.pack(">BBHB", 0, 0, 1, 0) + bytes([0, 4, 4, 0, 1])
    quantisation = bytes([0x40]) + bytes([0x40] * (3 * levels + 1))
    head = b"\xff\x4f" + _segment(0x51, size) + _segment(0x52, usual if style_in_tile else style)
    in_tile = (_segment(0x52, style) if style_in_tile else b"") + b"\xff\x93\0"
    start = _segment(0x90, struct.pack(">HIBB", 0, 12 + len(in_tile), 0, 1))
    return head + _segment(0x5C, quantisation) + start + in_tile + b"\xff\xd9"


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def make_icon(pictures: int, data: bytes) -> bytes:
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(data), 6 + 16 * pictures)
    return struct.pack("<HHH", 0, 1, pictures) + entry * pictures + data


def pack(size: int = 1_000_000) -> bytes:
    return zlib.compress(bytes(size), 9)


def make_heif(size: tuple[int, int], parts: dict[int, list[int]], part_size: tuple[int, int] = (64, 64)) -> bytes:
    """Tables without pixels. Item 1 is the picture, of that size; `parts` are the items that each is made of."""
    items = sorted({1, *parts, *(part for some in parts.values() for part in some)})
    properties = _box(b"ispe", struct.pack(">III", 0, *size)) + _box(b"ispe", struct.pack(">III", 0, *part_size))
    owners = b"".join(struct.pack(">HBB", item, 1, 1 if item == 1 else 2) for item in items)
    table = _box(b"ipco", properties) + _box(b"ipma", struct.pack(">II", 0, len(items)) + owners)
    references = b"".join(
        _box(b"dimg", struct.pack(f">HH{len(some)}H", item, len(some), *some)) for item, some in parts.items()
    )
    meta = _box(b"pitm", struct.pack(">IH", 0, 1)) + _box(b"iprp", table) + _box(b"iref", bytes(4) + references)
    return _box(b"ftyp", b"heic\0\0\0\0mif1heic") + _box(b"meta", bytes(4) + meta)


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + name + body
