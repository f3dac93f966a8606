"""The treatment of photographs: resized to the input size, on white, in grey or colour."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from service.images import ImageInput, photo, prepare
from tests.unit.service.images.modes import MODES, make_picture


@given(st.sampled_from(MODES), st.integers(1, 300), st.integers(1, 300), st.integers(1, 64), st.sampled_from([1, 3]))
def test_any_picture_gets_the_requested_size(mode: str, width: int, height: int, side: int, channels: int) -> None:
    pixels = photo(make_picture(mode, width, height), side, side + 3, channels)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (side, side + 3, channels)


@pytest.mark.parametrize("size", [(400, 300), (300, 400), (300, 300), (4032, 3024)])
def test_picture_of_a_usual_shape_is_stretched_and_nothing_is_cropped(size: tuple[int, int]) -> None:
    framed = Image.new("RGB", size, "red")
    edge = min(size) // 10
    framed.paste((0, 0, 255), (edge, edge, size[0] - edge, size[1] - edge))
    pixels = photo(framed, 50, 50, 3)
    assert (pixels[[0, -1]] == (255, 0, 0)).all() and (pixels[:, [0, -1]] == (255, 0, 0)).all()


@pytest.mark.parametrize("turned", [False, True])
def test_longer_picture_loses_its_ends_alike(turned: bool) -> None:
    """Of 1,200 x 300 pixels, the middle 400 are kept."""
    stripes = Image.new("RGB", (1200, 300), "red")
    stripes.paste((0, 0, 255), (400, 0, 600, 300))
    stripes.paste((0, 255, 0), (600, 0, 800, 300))
    pixels = photo(stripes.transpose(Image.Transpose.TRANSPOSE) if turned else stripes, 50, 50, 3)
    pixels = pixels.transpose(1, 0, 2) if turned else pixels
    assert (pixels[:, 1:24] == (0, 0, 255)).all() and (pixels[:, 26:-1] == (0, 255, 0)).all()


def test_shrinking_averages_pixels() -> None:
    checkerboard = Image.fromarray((np.indices((300, 300)).sum(axis=0) % 2 * 255).astype(np.uint8))
    pixels = photo(checkerboard, 30, 30, 1)
    assert np.abs(pixels.astype(int) - 127).max() <= 8


@pytest.mark.parametrize(("mode", "clear"), [("RGBA", (0, 0, 0, 0)), ("LA", (0, 0))])
def test_transparent_pixels_become_white(mode: str, clear: tuple[int, ...]) -> None:
    assert (photo(Image.new(mode, (40, 40), clear), 8, 8, 3) == 255).all()


def test_half_transparent_black_is_grey() -> None:
    assert np.abs(photo(Image.new("RGBA", (40, 40), (0, 0, 0, 128)), 8, 8, 1).astype(int) - 127).max() <= 1


def test_a_picture_of_the_right_size_is_unchanged() -> None:
    source = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    assert np.array_equal(photo(Image.fromarray(source), 24, 32, 3), source)


def test_grey_is_the_same_in_all_three_channels() -> None:
    source = np.random.default_rng(0).integers(0, 256, (24, 32), np.uint8)
    assert np.array_equal(photo(Image.fromarray(source), 24, 32, 3), np.repeat(source[:, :, None], 3, axis=2))


def test_other_numbers_of_channels_are_a_value_error() -> None:
    with pytest.raises(ValueError, match="1 or 3"):
        photo(Image.new("RGB", (8, 8)), 8, 8, 4)


@pytest.mark.parametrize("size", [(450, 375), (4000, 3000)])
def test_draft_looks_the_same_as_the_whole_picture(size: tuple[int, int]) -> None:
    """Compares a JPEG that its decoder shrinks with a full decode and one resize."""
    random = np.random.default_rng(0)
    image = Image.fromarray(random.integers(0, 256, (40, 50, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)
    out = BytesIO()
    image.save(out, "JPEG", quality=90)
    expected = np.asarray(Image.open(out).resize((96, 96), Image.Resampling.BILINEAR)).astype(int)
    actual = prepare(out.getvalue(), ImageInput(96, 96, 3, "photo")).astype(int)
    assert np.abs(actual - expected).mean() < 1.5
