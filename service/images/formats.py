"""The image formats that are read, told apart by their first bytes."""

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
FORMATS = tuple(_FORMATS)


def detect_format(data: bytes) -> str:
    """One of FORMATS. Raises BadImage."""
    if not data:
        raise BadImage("The file is empty.")
    prefix = data[:16]
    for name in FORMATS:
        accepts = Image.OPEN[name][1]
        if accepts is not None and accepts(prefix) is True:
            return name
    raise BadImage(f"These bytes are not an image of a kind that is read: {', '.join(FORMATS)}.")
