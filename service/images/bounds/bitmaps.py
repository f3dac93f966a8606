"""BMP, PPM, WebP and AVIF: a header of fixed form says nearly all. Pillow decodes some BMP and PPM in Python."""

import re
import struct

from service.errors import BadImage
from service.images.bounds.cost import Cost

_MAX_COMMENTS = 1000  # in the pixels of a PPM of text: Pillow copies a megabyte for each
_MAX_PPM_HEADER = 1 << 14  # bytes, comments included
_MAX_AVIF_HEADER = 1 << 20  # bytes
_RUN_LENGTH = frozenset({1, 2})  # compressions of BMP, decoded in Python

_SPACE = rb"[ \t\n\x0b\x0c\r](?:[ \t\n\x0b\x0c\r]|#[^\r\n]*[\r\n])*"
_PPM = re.compile(
    rb"(P[1-6f]|Pf|P0CMYK|PyP|PyRGBA|PyCMYK)" + (_SPACE + rb"(\d{1,10})") * 2 + _SPACE + rb"([-.\w]{1,10})?"
)
_TEXT_PPM = frozenset({b"P1", b"P2", b"P3"})
_BANDS = {b"P3": 3, b"P6": 3, b"P0CMYK": 4, b"PyRGBA": 4, b"PyCMYK": 4}


def read_bmp_size(data: bytes) -> tuple[int, int]:
    """Raises struct.error."""
    cost = measure_bmp(data)
    return cost.width, cost.height


def measure_bmp(data: bytes) -> Cost:
    """Raises struct.error."""
    return measure_dib(data, 14)


def measure_dib(data: bytes, start: int) -> Cost:
    """Of a bitmap without the file's header, as icons hold them. Raises struct.error."""
    (header,) = struct.unpack_from("<I", data, start)
    if header == 12:
        width, height = struct.unpack_from("<HH", data, start + 4)
        return Cost(width, height, width * height * 5)
    width, height, _, _, compression = struct.unpack_from("<iiHHI", data, start + 4)
    width, height = abs(width), abs(height)
    if compression in _RUN_LENGTH:
        return Cost(width, height, width * height * 120 + len(data) * 400, "runs of pixels")
    return Cost(width, height, width * height * 5)


def _match_ppm(data: bytes) -> re.Match[bytes]:
    found = _PPM.match(data, 0, _MAX_PPM_HEADER)
    if found is None:
        raise ValueError
    return found


def read_ppm_size(data: bytes) -> tuple[int, int]:
    """Raises ValueError."""
    found = _match_ppm(data)
    return int(found[2]), int(found[3])


def measure_ppm(data: bytes) -> Cost:
    """Raises BadImage."""
    try:
        found = _match_ppm(data)
    except ValueError:
        raise BadImage("The PPM has a header that cannot be read.") from None
    magic, width, height, maximum = found[1], int(found[2]), int(found[3]), found[4]
    samples = width * height * _BANDS.get(magic, 1)
    if magic in _TEXT_PPM:
        if data.count(b"#") > _MAX_COMMENTS:
            raise BadImage(f"The PPM has more than {_MAX_COMMENTS} comments.")
        per_byte = 60 if magic == b"P1" else 400
        return Cost(width, height, samples * 20 + len(data) * per_byte, f"{len(data):,} bytes of text")
    if magic == b"Pf":
        return Cost(width, height, samples * 100)
    if magic == b"P4" or maximum == b"255" or (maximum == b"65535" and magic == b"P5"):
        return Cost(width, height, samples * 5)
    return Cost(width, height, samples * 800, "samples of an unusual range")


def read_webp_size(data: bytes) -> tuple[int, int]:
    """Raises struct.error, ValueError."""
    match data[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
        case b"VP8X":
            left, right = struct.unpack_from("<3s3s", data, 24)
            return int.from_bytes(left, "little") + 1, int.from_bytes(right, "little") + 1
    raise ValueError


def measure_webp(data: bytes) -> Cost:
    """Raises struct.error, ValueError."""
    width, height = read_webp_size(data)
    return Cost(width, height, width * height * 25 + len(data) * 30)


def read_avif_size(data: bytes) -> tuple[int, int]:
    """Of the largest picture or tile that the header declares. Raises struct.error, ValueError."""
    sizes: list[tuple[int, int]] = []
    position = data.index(b"ispe", 0, _MAX_AVIF_HEADER)
    while position >= 0 and len(sizes) < 1000:
        sizes.append(struct.unpack_from(">II", data, position + 8))
        position = data.find(b"ispe", position + 4, _MAX_AVIF_HEADER)
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return width, height


def measure_avif(data: bytes) -> Cost:
    """A sequence may have no size there: its size is checked when it is open. Raises struct.error."""
    try:
        width, height = read_avif_size(data)
    except ValueError:
        width, height = 0, 0
    return Cost(width, height, width * height * 60 + len(data) * 80)
