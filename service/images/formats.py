"""The image formats that are read, told apart by their first bytes."""

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
from PIL.ImageFile import ImageFile

from service.errors import BadImage

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
_HEIF = "HEIF"
FORMATS = (*_FORMATS, _HEIF)

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_COMMON_BRANDS = frozenset({b"mif1", b"mif2", b"msf1", b"mif3"})  # of HEIC and AVIF
_MAX_BRANDS = 256  # bytes


def detect_format(data: bytes) -> str:
    """One of FORMATS. Raises BadImage."""
    if not data:
        raise BadImage("The file is empty.")
    if data[4:8] == b"ftyp" and _is_heif(data):
        return _HEIF
    prefix = data[:16]
    for name in _FORMATS:
        accepts = Image.OPEN[name][1]
        if accepts is not None and accepts(prefix) is True:
            return name
    raise BadImage(f"These bytes are not an image of a kind that is read: {', '.join(FORMATS)}.")


def _is_heif(data: bytes) -> bool:
    """By the brands of its first box: the major one, its version, and those that it is compatible with."""
    end = min(int.from_bytes(data[:4], "big"), _MAX_BRANDS)
    major, others = data[8:12], {data[start : start + 4] for start in range(16, end - 3, 4)}
    return major in _HEIC_BRANDS or (major in _COMMON_BRANDS and b"avif" not in others and bool(others & _HEIC_BRANDS))


def open_image(kind: str, data: bytes) -> ImageFile:
    """The picture of one of FORMATS, before its pixels are decoded. Raises what Pillow raises on damaged bytes."""
    if kind == _HEIF and _HEIF not in Image.OPEN:
        _register_heif()
    picture: ImageFile = Image.OPEN[kind][0](BytesIO(data), "")
    return picture


def _register_heif() -> None:
    """At the first such picture: the library takes a tenth of a second and megabytes, and few are sent."""
    import pillow_heif

    # one thread, as for every format; what is not looked at is not read
    pillow_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
