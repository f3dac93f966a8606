"""JPEG 2000: a few bytes of header may promise millions of tiles, precincts, code blocks and packets."""

import struct
from collections.abc import Iterator

from service.errors import BadImage
from service.images.bounds.cost import Cost

_MAX_TILES = 4096
_MAX_BLOCKS = 1 << 19  # code blocks and precincts: openjpeg takes about 500 bytes for each
_MAX_PACKETS = 1 << 20
_MAX_BOXES = 256
_MAX_BOX_HEADER = 1 << 21  # bytes of the box that describes the picture
_MAX_MARKERS = 1 << 16

_CODESTREAM = b"\xff\x4f\xff\x51"
_SOT, _SOD, _EOC, _COD, _COC = 0x90, 0x93, 0xD9, 0x52, 0x53
# openjpeg seeks in others for the next one of these, whatever their length says
_KNOWN = frozenset(b"\x50\x51\x52\x53\x55\x57\x58\x59\x5c\x5d\x5e\x5f\x60\x61\x63\x64\x74\x75\x77\x78\x90\x93\xd9")
_NS_PER_SAMPLE, _NS_PER_BYTE, _NS_PER_BLOCK, _NS_PER_TILE = 15, 200, 1000, 20_000


def read_size(data: bytes) -> tuple[int, int]:
    """Raises BadImage, struct.error, ValueError."""
    width, height, *_ = _read_siz(data, _find_codestream(data))
    return width, height


def _find_codestream(data: bytes) -> int:
    """Raises BadImage, struct.error, ValueError."""
    position = 0
    if data.startswith(_CODESTREAM):
        return position
    for _ in range(_MAX_BOXES):
        length, name = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, start)
            start += 8
        if name == b"jp2c":
            return start
        if name == b"jp2h" and length > _MAX_BOX_HEADER:
            raise BadImage("The JPEG2000 has a header that is too long.")
        if length < start - position:
            raise ValueError
        position += length
    raise BadImage(f"The JPEG2000 has more than {_MAX_BOXES} boxes before its picture.")


def _read_siz(data: bytes, start: int) -> tuple[int, int, int, int]:
    """Width, height, tiles, components."""
    x, y, left, top, tile_width, tile_height, tile_left, tile_top, components = struct.unpack_from(
        ">IIIIIIIIH", data, start + 8
    )
    if min(tile_width, tile_height, components) == 0:
        raise ValueError
    tiles = -(-(x - tile_left) // tile_width) * -(-(y - tile_top) // tile_height)
    return x - left, y - top, tiles, components


def measure(data: bytes) -> Cost:
    """Raises BadImage, struct.error, ValueError."""
    start = _find_codestream(data)
    width, height, tiles, components = _read_siz(data, start)
    if tiles > _MAX_TILES:
        raise BadImage(f"The JPEG2000 is in {tiles:,} tiles; at most {_MAX_TILES:,} are read.")
    blocks = 0
    for style in _iterate_styles(data, start, components):
        blocks = max(blocks, _count_blocks(style, width, height, tiles, components))
    samples = width * height * components
    nanoseconds = samples * _NS_PER_SAMPLE + len(data) * _NS_PER_BYTE + blocks * _NS_PER_BLOCK + tiles * _NS_PER_TILE
    return Cost(width, height, nanoseconds, f"{blocks:,} code blocks of {len(data):,} bytes")


def _iterate_styles(data: bytes, start: int, components: int) -> Iterator[tuple[int, bytes]]:
    """Layers and coding parameters (SPcod, SPcoc), of the whole picture and of single tiles and components."""
    layers, position, part_end = 1, start + 2, 0
    for _ in range(_MAX_MARKERS):
        if position + 4 > len(data):
            return
        marker = data[position + 1]
        if data[position] != 0xFF or marker not in _KNOWN:
            raise BadImage("The JPEG2000 has a segment of an unknown kind.")
        if marker == _EOC:
            return
        if marker == _SOD:
            if part_end <= position:  # the part reaches to the end
                return
            position = part_end
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        body = position + 4
        if marker == _SOT:
            (size,) = struct.unpack_from(">I", data, body + 2)
            part_end = position + size
        elif marker == _COD:
            has_precincts = data[body] & 1
            (layers,) = struct.unpack_from(">H", data, body + 2)
            yield layers, _cut_style(data[body + 5 : position + 2 + length], has_precincts)
        elif marker == _COC:
            body += 1 if components < 257 else 2
            yield layers, _cut_style(data[body + 1 : position + 2 + length], data[body] & 1)
        position += 2 + length
    raise BadImage("The JPEG2000 has too many segments.")


def _cut_style(style: bytes, has_precincts: int) -> bytes:
    """Levels, exponents of a code block's sides, two more bytes, and a byte of precinct sides per resolution."""
    return style if has_precincts else style[:5] + bytes([0xFF] * (style[0] + 1))


def _count_blocks(style: tuple[int, bytes], width: int, height: int, tiles: int, components: int) -> int:
    """Code blocks and precincts. Raises BadImage for too many of them, or too many packets."""
    layers, (levels, *sides) = style
    if levels > 32:
        raise BadImage("The JPEG2000 has too many resolutions.")
    block_sides, precinct_sides = (sides[0] + 2, sides[1] + 2), sides[4 : 5 + levels]
    blocks = precincts = 0
    for resolution, side in enumerate(precinct_sides):
        scale = 1 << (levels - resolution)
        across, down = -(-width // scale), -(-height // scale)
        right, below = side & 15, side >> 4
        precincts += tiles + (across >> right) * (down >> below) + (across >> right) + (down >> below)
        inset = 1 if resolution else 0
        block_across, block_down = (
            min(block_sides[0], max(right - inset, 0)),
            min(block_sides[1], max(below - inset, 0)),
        )
        blocks += 3 * tiles + (across * down >> (block_across + block_down))
    if components * (blocks + precincts) > _MAX_BLOCKS:
        raise BadImage(f"The JPEG2000 is in {components * (blocks + precincts):,} code blocks; that is too many.")
    if components * precincts * layers > _MAX_PACKETS:
        raise BadImage(f"The JPEG2000 is in {components * precincts * layers:,} packets; that is too many.")
    return components * (blocks + precincts)
