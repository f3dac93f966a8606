"""What a map over the net's input is drawn on."""

from io import BytesIO

import pytest
from PIL import Image

from service.images import ImageInput, choose_view, decode, prepare

PHOTO, DIGIT = ImageInput(128, 128, 3, "photo"), ImageInput(28, 28, 1, "digit")


def encode(width: int, height: int, image_format: str, orientation: int = 1) -> bytes:
    file, exif = BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (width, height)).save(file, image_format, exif=exif)
    return file.getvalue()


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize(("size", "expected"), [((1000, 500), (512, 256)), ((40, 20), (40, 20)), ((3000, 1), (512, 1))])
def test_photograph_keeps_its_proportions_and_is_upright(
    image_format: str, orientation: int, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    data = encode(*size, image_format, orientation)
    view = choose_view(data, PHOTO, 512).image_input
    assert (view.width, view.height) == (expected if orientation == 1 else expected[::-1])
    assert prepare(data, view).shape == (view.height, view.width, 3)


def test_orientation_that_follows_the_pixels_counts() -> None:
    data, name = encode(1000, 500, "PNG", orientation=6), b"eXIf"
    start = data.index(name) - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    last = data.index(b"IEND") - 4
    moved = data[:start] + data[end:last] + data[start:end] + data[last:]
    view = choose_view(moved, PHOTO, 512).image_input
    assert (view.width, view.height) == (256, 512)
    assert decode(moved).size == (500, 1000)


def test_where_the_input_is_a_crop_the_view_is_the_input() -> None:
    assert choose_view(encode(1000, 500, "PNG"), DIGIT, 512) == (DIGIT, (0, 0, 28, 28))


def test_box_is_what_the_input_shows_of_the_picture() -> None:
    middle, ends = Image.new("RGB", (80, 60), "white"), Image.new("RGB", (200, 60), "black")
    ends.paste(middle, (60, 0))
    file = BytesIO()
    ends.save(file, "PNG")
    view, box = choose_view(file.getvalue(), PHOTO, 100)
    assert (view.width, view.height, box) == (100, 30, (30, 0, 70, 30))
    assert prepare(file.getvalue(), PHOTO).mean() > 240, "the input shows the middle"
    shown = prepare(file.getvalue(), view)
    assert shown[:, 31:69].mean() > 240 > 15 > shown[:, :29].mean(), "people see the ends too"
