"""Colours as their profile means them: phones write Display P3, scanners and printers their own."""

from functools import lru_cache
from io import BytesIO
from typing import Any

from PIL import Image

from service.images.modes import plain

_MAX_PROFILE = 4 << 20  # bytes; one for printing has one or two million
_TARGETS = {"RGB": "RGB", "RGBA": "RGBA", "CMYK": "RGB"}
_SRGB = b"sRGB", "sRGB".encode("utf-16-be")


def to_srgb(image: Image.Image, least: tuple[int, int] | None) -> Image.Image:
    """The picture in sRGB, if it has a profile of other colours; a profile that cannot be read is ignored.

    `least` is a size to which it may be shrunk first: a picture of 12 megapixels has far more than a net sees.
    """
    profile = image.info.get("icc_profile")
    if not profile or not isinstance(profile, bytes) or len(profile) > _MAX_PROFILE or _is_srgb(profile):
        return image
    if image.mode == "P" or "transparency" in image.info:  # a colour that stands for none would change, too
        image = plain(image)
    transform = _make_transform(profile, image.mode) if image.mode in _TARGETS else None
    if transform is None:
        return image
    if least is not None and (factor := min(image.width // least[0], image.height // least[1])) > 1:
        image = image.reduce(factor)
    converted: Image.Image = transform.apply(image)
    return converted


def _is_srgb(profile: bytes) -> bool:
    """By its name: most pictures that have a profile have this one."""
    return any(name in profile for name in _SRGB)


@lru_cache(maxsize=8)
def _make_transform(profile: bytes, mode: str) -> Any:
    """None if the profile is damaged, or of other colours than the picture. To make one takes milliseconds."""
    from PIL import ImageCms

    try:
        return ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB"), mode, _TARGETS[mode]
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
