"""Untrusted bytes to an upright picture. The cost is bounded before any pixel is decoded."""

import threading
from contextlib import nullcontext
from typing import NamedTuple

from PIL import Image, JpegImagePlugin, TiffImagePlugin
from PIL.ExifTags import Base as ExifTag
from PIL.ImageFile import ImageFile

from service.errors import BadImage, ImageTooLarge
from service.images import truncated
from service.images.bounds import check_cost, estimate
from service.images.colours import to_srgb
from service.images.formats import detect_format, open_image
from service.images.modes import plain

DEFAULT_MAX_PIXELS = 50_000_000  # also the default of INKPAW_MAX_IMAGE_PIXELS: training and serving accept the same
LARGE_PIXELS = 4_000_000
_JPEG = b"\xff\xd8\xff"

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# A picture of the largest size takes some hundreds of megabytes while it is decoded. One at a time keeps the memory of
# a process that decodes in several threads at that of one picture, not of one per thread.
_LARGE = threading.Lock()


class Picture(NamedTuple):
    """`truncated`: a JPEG that lacks its last bytes, of which nearly all rows are there."""

    image: Image.Image
    truncated: bool


def decode(data: bytes, max_pixels: int = DEFAULT_MAX_PIXELS, draft: tuple[int, int] | None = None) -> Image.Image:
    """The first frame of `data`, upright as its EXIF orientation says, in mode L, LA, RGB or RGBA.

    `draft` is a (width, height) that the caller will shrink the picture to: a JPEG may then come back at 1/2, 1/4 or
    1/8 of its size, which is several times quicker, yet never smaller than `draft` on either axis.

    Raises BadImage for bytes that are not a whole image of one of the formats, and ImageTooLarge for more than
    `max_pixels` pixels, or as much work, which is read from the headers alone.
    """
    kind = detect_format(data)
    try:
        return _open_and_load(kind, data, max_pixels, draft)
    except (BadImage, ImageTooLarge):
        raise
    except Image.DecompressionBombError as error:
        raise ImageTooLarge(f"The image has more pixels than the {max_pixels:,} that are accepted.") from error
    except Exception as error:  # what Pillow raises on damaged bytes has no common root
        raise BadImage(f"The {kind} is cut short or damaged.") from error


def measure(data: bytes) -> tuple[int, int]:
    """(width, height) of the upright picture, by a look at the header. The data has been decoded before."""
    kind = detect_format(data)
    image = open_image(kind, data)
    if kind == "PNG" and not image.info:  # its metadata may follow its pixels
        image.load()
    return _turn_size(image.size, image)


def decode_tolerantly(
    data: bytes, max_pixels: int = DEFAULT_MAX_PIXELS, draft: tuple[int, int] | None = None
) -> Picture:
    """As `decode`, but a JPEG may lack its last bytes, if at least 98% of its rows are there."""
    try:
        image = decode(data, max_pixels, draft)  # Pillow accepts some without an end itself
        return Picture(image, data.startswith(_JPEG) and not truncated.has_end(data))
    except ImageTooLarge:
        raise
    except BadImage:
        completed = _complete(data, max_pixels)
        if completed is None:
            raise
    return Picture(decode(completed, max_pixels, draft), truncated=True)


def _complete(data: bytes, max_pixels: int) -> bytes | None:
    """A JPEG without an end, with one; None if it is no such JPEG, or too much of it is missing."""
    if not data.startswith(_JPEG):
        return None
    try:
        check_cost("JPEG", data, max_pixels)
        with _LARGE if (estimate("JPEG", data).pixels or 0) > LARGE_PIXELS else nullcontext():
            return truncated.complete(data)
    except Exception:  # as in `decode`
        return None


def _open_and_load(kind: str, data: bytes, max_pixels: int, draft: tuple[int, int] | None) -> Image.Image:
    check_cost(kind, data, max_pixels)
    image = open_image(kind, data)
    _check_size(image, max_pixels)
    with _LARGE if image.width * image.height > LARGE_PIXELS else nullcontext():
        return _load_upright(image, draft)


def _check_size(image: ImageFile, max_pixels: int) -> None:
    """Once more, as the decoder sees it: it may read other headers than those that were checked."""
    _refuse_above(max_pixels, *image.size)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        tile = (image.tag_v2.get(TiffImagePlugin.TILEWIDTH, 1), image.tag_v2.get(TiffImagePlugin.TILELENGTH, 1))
        _refuse_above(max_pixels, *tile)


def _refuse_above(max_pixels: int, width: int, height: int) -> None:
    if width * height > max_pixels:
        raise ImageTooLarge(f"The image is {width} x {height} pixels: at most {max_pixels:,} are accepted.")


def _load_upright(image: ImageFile, draft: tuple[int, int] | None) -> Image.Image:
    if draft is not None and isinstance(image, JpegImagePlugin.JpegImageFile):
        image.draft(None, _turn_size(draft, image))
    image.load()
    upright = plain(to_srgb(image, None if draft is None else _turn_size(draft, image)))
    turn = _TURNS.get(_orientation(image))
    return upright if turn is None else upright.transpose(turn)


def _turn_size(size: tuple[int, int], image: ImageFile) -> tuple[int, int]:
    """From the picture as it is stored to the upright one, or back."""
    return size[::-1] if _orientation(image) >= 5 else size


def _orientation(image: ImageFile) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or it cannot be read: the pixels are usable without it.

    1 for a TIFF: Pillow itself turns its size when it is opened, and its pixels when they are loaded.
    """
    if not image.info:  # no metadata at all, as in most small pictures: to search them for EXIF takes microseconds
        return 1
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return 1
    try:
        orientation = image.getexif().get(ExifTag.Orientation, 1)
    except Exception:  # as in `decode`: damaged metadata raises nearly anything
        return 1
    return orientation if isinstance(orientation, int) else 1
