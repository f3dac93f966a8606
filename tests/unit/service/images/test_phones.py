"""Pictures as phones write them: HEIC, several pictures in one file, ten bits, wide colours."""

import contextlib
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from service.errors import BadImage, ImageTooLarge
from service.images import ImageInput, decode, estimate_cost, prepare
from service.images.formats import detect_format
from tests.support.colour_profiles import make_cmyk, make_p3
from tests.support.hostile_images import make_heif, save
from tests.unit.service.images.test_decode import make_scene

ROOT = Path(__file__).parents[4]
PHOTO = ImageInput(8, 8, 3, "photo")
P3, SRGB = (230, 120, 60), [247, 113, 32]  # one colour; the second computed from the primaries of both spaces


def make_heic(image: Image.Image, **options: Any) -> bytes:
    out = BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=90, **options)
    return out.getvalue()


def measure_colour(data: bytes, draft: tuple[int, int] | None = None) -> list[int]:
    """Red, green and blue of the picture's middle."""
    image = decode(data, draft=draft).convert("RGB")
    return list(image.getpixel((image.width // 2, image.height // 2)))  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_heic_is_decoded(mode: str) -> None:
    source = make_scene(80, 60).convert(mode)
    decoded = decode(make_heic(source))
    assert decoded.size == (80, 60) and decoded.mode in ("L", "RGB", "RGBA")
    difference = np.asarray(decoded.convert("RGB")).astype(int) - np.asarray(source.convert("RGB"))
    assert np.abs(difference).mean() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_is_turned_once(orientation: int) -> None:
    """The file says it twice, as phones do: by its own properties and in Exif."""
    exif = Image.Exif()
    exif[0x112] = orientation
    source = make_scene(96, 64)
    jpeg = np.asarray(decode(save(source, "JPEG", exif=exif, quality=95))).astype(int)
    heic = np.asarray(decode(make_heic(source, exif=exif.tobytes()))).astype(int)
    assert heic.shape == jpeg.shape and np.abs(heic - jpeg).mean() < 6


def test_grid_of_tiles_is_one_picture() -> None:
    source = make_scene(300, 200)
    decoded = decode(make_heic(source, tile_size=64))
    assert decoded.size == (300, 200)
    assert np.abs(np.asarray(decoded).astype(int) - np.asarray(source)).mean() < 6


def test_more_bits_than_eight_are_read() -> None:
    values = np.full((48, 64, 3), (100, 200, 900), np.uint16) << 6
    out = BytesIO()
    pillow_heif.encode("RGB;16", (64, 48), values.tobytes(), out, quality=95)
    assert measure_colour(out.getvalue()) == pytest.approx([25, 50, 225], abs=5)


def test_ten_bit_avif_is_read() -> None:
    blue, green, red = 900, 200, 100  # the order of OpenCV
    picture = np.full((48, 64, 3), (blue, green, red), np.uint16)
    encoded = cv2.imencode(".avif", picture, [cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 95])[1]
    assert measure_colour(encoded.tobytes()) == pytest.approx([25, 50, 225], abs=5)


@pytest.mark.parametrize(
    ("brands", "kind"),
    [
        (b"heic\0\0\0\0mif1heic", "HEIF"),
        (b"mif1\0\0\0\0mif1heic", "HEIF"),
        (b"msf1\0\0\0\0hevcmsf1", "HEIF"),
        (b"mif1\0\0\0\0mif1avif", "AVIF"),
        (b"avif\0\0\0\0mif1heic", "AVIF"),
    ],
)
def test_brands_tell_heic_from_avif(brands: bytes, kind: str) -> None:
    assert detect_format(len(brands + bytes(8)).to_bytes(4, "big") + b"ftyp" + brands + bytes(99)) == kind


def test_damaged_heic_is_refused() -> None:
    data = make_heic(make_scene(200, 150))
    for end in (40, 200, len(data) // 2, len(data) - 20):
        with pytest.raises(BadImage, match="HEIF is cut short or damaged"):
            decode(data[:end])
    for start in range(24, 600, 7):  # every table, one byte after the other: refused, or a picture of that size
        with_noise = data[:start] + bytes([data[start] ^ 0xFF]) + data[start + 1 :]
        with contextlib.suppress(BadImage, ImageTooLarge):
            assert decode(with_noise, max_pixels=1_000_000).width <= 1_000_000


def test_heic_whose_coded_picture_is_larger_than_its_header_is_refused() -> None:
    size, claimed = (600).to_bytes(4, "big") * 2, (64).to_bytes(4, "big") * 2
    data = make_heic(make_scene(600, 600))
    assert data.count(size) == 1
    with pytest.raises(BadImage):
        decode(data.replace(size, claimed))


def test_pixels_of_a_heic_are_known_from_its_header() -> None:
    assert estimate_cost(make_heic(make_scene(300, 200), tile_size=64)).pixels == 60_000
    assert estimate_cost(make_heif((8000, 6000), {})).pixels == 48_000_000
    decode(make_heic(make_scene(300, 200)), max_pixels=60_000)
    with pytest.raises(ImageTooLarge, match="300 x 200 pixels"):
        decode(make_heic(make_scene(300, 200)), max_pixels=59_999)


def test_grid_as_a_phone_writes_it_is_far_from_the_bounds() -> None:
    """48 megapixels in tiles of 512, and a map of its light in as many."""
    parts = {1: list(range(2, 194)), 500: list(range(200, 392))}
    with pytest.raises(BadImage, match="cut short or damaged"):  # it has no pixels; not one of the bounds
        decode(make_heif((8064, 6048), parts, part_size=(512, 512)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_wide_colours_become_those_of_srgb(kind: str) -> None:
    source = Image.new("RGB", (640, 480), P3)
    options: dict[str, Any] = {"quality": 95} if kind in ("JPEG", "WEBP", "AVIF") else {}
    if kind == "HEIF":
        source.info["icc_profile"] = make_p3()
        data = make_heic(source)
    else:
        data = save(source, kind, icc_profile=make_p3(), **options)
    assert measure_colour(data) == pytest.approx(SRGB, abs=5)
    assert measure_colour(data, draft=(64, 64)) == pytest.approx(SRGB, abs=5)
    assert prepare(data, PHOTO).mean(axis=(0, 1)) == pytest.approx(SRGB, abs=5)


@pytest.mark.parametrize("profile", [make_p3("sRGB IEC61966-2.1"), b"", bytes(400), make_p3()[:200], make_cmyk()])
def test_colours_without_a_usable_other_profile_are_left_alone(profile: bytes) -> None:
    data = save(Image.new("RGB", (64, 48), (230, 120, 60)), "PNG", icc_profile=profile)
    assert measure_colour(data) == [230, 120, 60]


def test_inks_have_the_colours_of_their_profile() -> None:
    data = save(Image.new("CMYK", (64, 48), (255, 0, 0, 0)), "JPEG", icc_profile=make_cmyk(), quality=95)
    red, green, blue = measure_colour(data)
    assert red > 100 > 4 * max(green, blue)  # without the profile: cyan


def test_transparency_outlives_a_profile() -> None:
    picture = Image.new("RGBA", (64, 48), (230, 120, 60, 90))
    decoded = decode(save(picture, "PNG", icc_profile=make_p3()))
    assert decoded.mode == "RGBA" and decoded.getpixel((9, 9))[3] == 90  # type: ignore[index]
    keyed = save(Image.new("RGB", (64, 48), (230, 120, 60)), "PNG", icc_profile=make_p3(), transparency=(230, 120, 60))
    assert decode(keyed).getpixel((9, 9))[3] == 0  # type: ignore[index]


def test_first_picture_of_several_is_read() -> None:
    """As cameras and phones append others: a second view, or a map of the light for bright screens (Ultra HDR)."""
    scene, gain_map = make_scene(80, 60), Image.new("L", (40, 30), 99).convert("RGB")
    data = save(scene, "MPO", save_all=True, append_images=[gain_map], quality=95)
    assert Image.open(BytesIO(data)).format == "MPO"
    assert np.abs(np.asarray(decode(data)).astype(int) - np.asarray(scene)).mean() < 6
    assert prepare(data, PHOTO).shape == (8, 8, 3)


def test_small_picture_with_a_profile_is_not_decoded_in_the_loop() -> None:
    assert estimate_cost(save(Image.new("RGB", (28, 28)), "PNG")).is_quick
    assert not estimate_cost(save(Image.new("RGB", (28, 28)), "PNG", icc_profile=make_p3())).is_quick
    assert not estimate_cost(save(Image.new("RGB", (28, 28)), "JPEG", icc_profile=make_p3())).is_quick


def test_library_for_heic_is_loaded_with_the_first_such_picture() -> None:
    code = (
        "import sys; from service.web.app import create_app; from service.images import decode; from io import BytesIO;"
        "from PIL import Image; out = BytesIO(); Image.new('L', (9, 9)).save(out, 'PNG'); decode(out.getvalue());"
        "sys.exit('pillow_heif' in sys.modules or 'PIL.ImageCms' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
