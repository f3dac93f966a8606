"""Untrusted bytes to an upright picture. The cost is bounded before any pixel is decoded."""

import struct
import threading
from contextlib import nullcontext
from io import BytesIO

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from PIL.ExifTags import Base as ExifTag
from PIL.ImageFile import ImageFile

from service.errors import BadImage, ImageTooLarge
from service.images.modes import plain

DEFAULT_MAX_PIXELS = 50_000_000  # also the default of INKPAW_MAX_IMAGE_PIXELS: training and serving accept the same
LARGE_PIXELS = 4_000_000

_FORMATS = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "PPM": PpmImagePlugin.PpmImageFile,
    "ICO": IcoImagePlugin.IcoImageFile,
    "JPEG2000": Jpeg2KImagePlugin.Jpeg2KImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
}
FORMATS = tuple(_FORMATS)

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# A worker decodes in several threads, and a picture of the largest size takes some hundreds of megabytes while it is
# decoded. One at a time keeps the worker's memory at that of one picture, not of one per thread.
_LARGE = threading.Lock()


def decode(data: bytes, max_pixels: int = DEFAULT_MAX_PIXELS, draft: tuple[int, int] | None = None) -> Image.Image:
    """The first frame of `data`, upright as its EXIF orientation says, in mode L, LA, RGB or RGBA.

    `draft` is a (width, height) that the caller will shrink the picture to: a JPEG may then come back at 1/2, 1/4 or
    1/8 of its size, which is several times quicker, yet never smaller than `draft` on either axis.

    Raises BadImage for bytes that are not a whole image of one of `FORMATS`, and ImageTooLarge for more than
    `max_pixels` pixels, which is read from the header alone.
    """
    if not data:
        raise BadImage("The file is empty.")
    kind = _detect_format(data)
    try:
        if kind == "ICO":
            _check_icon(data, min(max_pixels, LARGE_PIXELS))
        image = Image.OPEN[kind][0](BytesIO(data), "")
        _check_size(image, max_pixels)
        with _LARGE if image.width * image.height > LARGE_PIXELS else nullcontext():
            return _load_upright(image, draft)
    except (BadImage, ImageTooLarge):
        raise
    except Image.DecompressionBombError as error:
        raise ImageTooLarge(f"The image has more pixels than the {max_pixels:,} that are accepted.") from error
    except Exception as error:  # what Pillow raises on damaged bytes has no common root
        raise BadImage(f"The {kind} is cut short or damaged.") from error


def _detect_format(data: bytes) -> str:
    prefix = data[:16]
    for name in FORMATS:
        accepts = Image.OPEN[name][1]
        if accepts is not None and accepts(prefix) is True:
            return name
    raise BadImage(f"These bytes are not an image of a kind that is read: {', '.join(FORMATS)}.")


def _check_size(image: ImageFile, max_pixels: int) -> None:
    _refuse_above(max_pixels, *image.size)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        tile = (image.tag_v2.get(TiffImagePlugin.TILEWIDTH, 1), image.tag_v2.get(TiffImagePlugin.TILELENGTH, 1))
        _refuse_above(max_pixels, *tile)


def _refuse_above(max_pixels: int, width: int, height: int) -> None:
    if width * height > max_pixels:
        raise ImageTooLarge(f"The image is {width} x {height} pixels: at most {max_pixels:,} are accepted.")


def _check_icon(data: bytes, max_pixels: int) -> None:
    """Pillow decodes an icon when it opens it, and trusts the picture inside more than the icon's own directory."""
    (count,) = struct.unpack_from("<H", data, 4)
    for entry in range(count):
        (offset,) = struct.unpack_from("<I", data, 6 + 16 * entry + 12)
        if data[offset : offset + 8] == b"\x89PNG\r\n\x1a\n":
            _refuse_above(max_pixels, *struct.unpack_from(">II", data, offset + 16))
        else:
            width, height = struct.unpack_from("<ii", data, offset + 4)
            _refuse_above(max_pixels, abs(width), abs(height) // 2)


def _load_upright(image: ImageFile, draft: tuple[int, int] | None) -> Image.Image:
    if draft is not None and isinstance(image, JpegImagePlugin.JpegImageFile):
        image.draft(None, draft[::-1] if _orientation(image) >= 5 else draft)
    image.load()
    # Pillow itself turns a TIFF while loading it.
    turn = None if isinstance(image, TiffImagePlugin.TiffImageFile) else _TURNS.get(_orientation(image))
    upright = plain(image)
    return upright if turn is None else upright.transpose(turn)


def _orientation(image: ImageFile) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or it cannot be read: the pixels are usable without it."""
    if not image.info:  # no metadata at all, as in most small pictures: to search them for EXIF takes microseconds
        return 1
    try:
        orientation = image.getexif().get(ExifTag.Orientation, 1)
    except Exception:  # as in `decode`: damaged metadata raises nearly anything
        return 1
    return orientation if isinstance(orientation, int) else 1
