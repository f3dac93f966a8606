"""The treatment of digits: any image of a digit becomes an image in the form of MNIST."""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from service.errors import NoDigit
from service.images import ImageInput, digit, prepare
from tests.unit.service.images.modes import MODES, make_picture

ROOT = Path(__file__).parents[4]
MNIST = Path(os.environ.get("DATA_DIR", ROOT.parent / "shared" / "data")) / "mnist.npz"


def prepare_digit(image: Image.Image) -> np.ndarray:
    return digit(image, 28, 28, 1)[:, :, 0]


def draw_five(side: int = 200, corner: tuple[int, int] = (60, 40), height: int = 100, pen: int = 10) -> Image.Image:
    """A five, white on black, `height` pixels high, with its upper left corner at `corner`."""
    canvas = Image.new("L", (side * 3, side * 3))
    draw = ImageDraw.Draw(canvas)
    x, y, size, width = corner[0] * 3, corner[1] * 3, height * 3, pen * 3
    points = [(0.62, 0.0), (0.14, 0.0), (0.10, 0.42)]
    draw.line([(x + a * size, y + b * size) for a, b in points], fill=255, width=width, joint="curve")
    draw.arc((x, y + 0.36 * size, x + 0.66 * size, y + size), 215, 500, fill=255, width=width)
    return canvas.resize((side, side), Image.Resampling.BOX)


def invert(image: Image.Image) -> Image.Image:
    return image.point(lambda value: 255 - value)


def compute_difference(one: np.ndarray, other: np.ndarray) -> float:
    """The absolute difference of two digits divided by the ink of the first, at the best shift of at most one pixel.

    Shifts are allowed because centres of mass that differ by 0.01 may round to neighbouring pixels.
    """
    shifted = [np.roll(other, (down, across), (0, 1)) for down in (-1, 0, 1) for across in (-1, 0, 1)]
    return min(float(np.abs(one.astype(int) - image).sum()) for image in shifted) / max(int(one.sum()), 1)


def assert_mnist_form(pixels: np.ndarray) -> None:
    rows, columns = (np.flatnonzero(pixels.max(axis=axis) > 0) for axis in (1, 0))
    assert 18 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 20
    mass = pixels.astype(float)
    for axis in (0, 1):
        centre = (mass.sum(axis=1 - axis) * np.arange(28)).sum() / mass.sum()
        assert abs(centre - 14) <= 0.51
    assert pixels.max() >= 250
    assert np.median(pixels) == 0


@pytest.fixture(scope="module")
def mnist() -> np.ndarray:
    """All images of MNIST: uint8 [70000,28,28]."""
    if not MNIST.exists():
        pytest.skip(f"MNIST is not at {MNIST}")
    with np.load(MNIST) as data:
        return np.concatenate([data["x_train"], data["x_test"]])


def test_every_image_of_mnist_is_unchanged(mnist: np.ndarray) -> None:
    changed = [
        index
        for index, pixels in enumerate(mnist)
        if not np.array_equal(prepare_digit(Image.fromarray(pixels)), pixels)
    ]
    assert changed == []


def test_every_inverted_mnist_image_is_inverted_back_exactly(mnist: np.ndarray) -> None:
    changed = [
        index
        for index, pixels in enumerate(mnist[::10])
        if not np.array_equal(prepare_digit(Image.fromarray(255 - pixels)), pixels)
    ]
    assert changed == []


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "I;16"])
def test_an_mnist_image_is_unchanged_through_a_file_in_any_mode(mnist: np.ndarray, mode: str) -> None:
    for pixels in mnist[:20]:
        grey = Image.fromarray(pixels)
        image = Image.fromarray(pixels.astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
        out = BytesIO()
        image.save(out, "PNG")
        assert np.array_equal(prepare(out.getvalue(), ImageInput(28, 28, 1, "digit"))[:, :, 0], pixels)


def test_mnist_digits_are_recovered_from_larger_images(mnist: np.ndarray) -> None:
    """Each digit is enlarged eight times and pasted at a random position on a larger sheet."""
    random = np.random.default_rng(0)
    differences = []
    for pixels in mnist[:60]:
        large = Image.fromarray(pixels).resize((224, 224), Image.Resampling.BICUBIC)
        sheet = Image.new("L", (400, 400))
        sheet.paste(large, tuple(random.integers(0, 176, 2).tolist()))
        differences += [
            compute_difference(pixels, prepare_digit(sheet)),
            compute_difference(pixels, prepare_digit(invert(sheet))),
        ]
    assert np.median(differences) < 0.25
    assert np.percentile(differences, 95) < 0.6


@given(st.sampled_from(MODES), st.integers(1, 300), st.integers(1, 300), st.integers(4, 64), st.sampled_from([1, 3]))
def test_any_picture_gets_the_requested_size(mode: str, width: int, height: int, side: int, channels: int) -> None:
    try:
        pixels = digit(make_picture(mode, width, height), side, side + 3, channels)
    except NoDigit:  # noise
        return
    assert pixels.dtype == np.uint8
    assert pixels.shape == (side, side + 3, channels)


@given(st.integers(0, 90), st.integers(0, 90), st.integers(60, 100), st.integers(5, 16))
def test_drawn_digit_gets_the_form_of_mnist_in_either_polarity(x: int, y: int, height: int, pen: int) -> None:
    drawn = draw_five(corner=(x + 5, y + 5), height=height, pen=pen)
    pixels = prepare_digit(drawn)
    assert_mnist_form(pixels)
    assert compute_difference(pixels, prepare_digit(invert(drawn))) < 0.05


@settings(max_examples=30)
@given(st.integers(8, 190), st.integers(8, 190))
def test_position_of_the_digit_does_not_matter(x: int, y: int) -> None:
    middle = prepare_digit(draw_five(300, (100, 100)))
    assert compute_difference(middle, prepare_digit(draw_five(300, (x, y)))) < 0.35


@pytest.mark.parametrize("scale", [0.35, 0.5, 0.75, 1.5, 3.0, 6.0])
def test_size_of_the_picture_does_not_matter(scale: float) -> None:
    drawn = draw_five(200, (40, 50))
    side = round(200 * scale)
    assert (
        compute_difference(prepare_digit(drawn), prepare_digit(drawn.resize((side, side), Image.Resampling.LANCZOS)))
        < 0.4
    )


def test_a_small_digit_on_a_large_sheet_is_found() -> None:
    assert (
        compute_difference(
            prepare_digit(draw_five(200, (50, 50))), prepare_digit(draw_five(1000, (700, 620), height=110, pen=11))
        )
        < 0.3
    )


@pytest.mark.parametrize("light", [30, 60, 80])
@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("chalk", [False, True])
def test_uneven_light_and_noise_are_removed(light: int, turns: int, chalk: bool) -> None:
    """The light falls from one corner to the opposite one by more than the contrast of the ink."""
    random = np.random.default_rng(light)
    drawn = draw_five(300, (90, 80), height=150, pen=14)
    down, across = np.mgrid[0:1:300j, 0:1:300j]
    paper = 245 - light * np.rot90(0.9 * down + 0.6 * across + 0.7 * down * across, turns)
    lit = paper * (1 - np.asarray(drawn) / 255 * 0.4) + random.normal(0, 5, (300, 300))
    photo = Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))
    pixels = prepare_digit(invert(photo) if chalk else photo)
    assert_mnist_form(pixels)
    assert compute_difference(prepare_digit(drawn), pixels) < 0.3


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 30, 40)])
def test_strokes_on_a_transparent_canvas_are_the_digit(colour: tuple[int, int, int]) -> None:
    drawn = draw_five()
    canvas = Image.new("RGBA", drawn.size, (*colour, 0))
    canvas.putalpha(drawn)
    assert compute_difference(prepare_digit(drawn), prepare_digit(canvas)) < 0.02


@pytest.mark.parametrize("strength", [40, 120])
def test_faint_strokes_on_a_transparent_canvas_are_the_digit(strength: int) -> None:
    drawn = draw_five()
    canvas = Image.new("RGBA", drawn.size, (0, 0, 0, 0))
    canvas.putalpha(drawn.point(lambda value: value * strength // 255))
    assert compute_difference(prepare_digit(drawn), prepare_digit(canvas)) < 0.1


def test_transparent_strokes_on_an_opaque_canvas_are_the_digit() -> None:
    canvas = Image.new("RGBA", (200, 200), (0, 0, 0, 255))
    canvas.putalpha(invert(draw_five()))
    assert compute_difference(prepare_digit(draw_five()), prepare_digit(canvas)) < 0.02


def test_colour_of_transparent_pixels_is_ignored() -> None:
    drawn = draw_five()
    clear = Image.new("RGBA", drawn.size, (255, 255, 255, 0))
    canvas = Image.composite(Image.new("RGBA", drawn.size, "black"), clear, drawn)
    assert compute_difference(prepare_digit(drawn), prepare_digit(canvas)) < 0.1


def test_an_opaque_alpha_channel_is_ignored() -> None:
    for drawn in (draw_five(), draw_five().point(lambda value: 180 - value // 12)):
        assert prepare_digit(drawn).any()
        assert np.array_equal(prepare_digit(drawn), prepare_digit(drawn.convert("RGBA")))


def test_transparent_margin_of_a_sheet_is_ignored() -> None:
    drawn = invert(draw_five())
    sheet, opaque = Image.new("LA", (240, 240), (0, 0)), Image.new("L", (240, 240), 255)
    sheet.paste(Image.merge("LA", (drawn, Image.new("L", drawn.size, 255))), (20, 20))
    opaque.paste(drawn, (20, 20))
    assert compute_difference(prepare_digit(opaque), prepare_digit(sheet)) < 0.02


def test_specks_and_a_dark_edge_are_not_part_of_the_digit() -> None:
    drawn = draw_five(300, (110, 90), height=130, pen=14)
    dirty = drawn.copy()
    draw = ImageDraw.Draw(dirty)
    for x, y in ((20, 280), (280, 20), (270, 270), (60, 30)):
        draw.rectangle((x, y, x + 3, y + 3), fill=255)
    draw.rectangle((0, 0, 20, 300), fill=255)
    assert compute_difference(prepare_digit(drawn), prepare_digit(dirty)) < 0.05


def test_separate_strokes_of_one_digit_stay_together() -> None:
    """A five whose top stroke is separate must keep that stroke."""
    canvas = Image.new("L", (200, 200))
    draw = ImageDraw.Draw(canvas)
    draw.arc((60, 80, 130, 160), 215, 500, fill=255, width=10)
    draw.line([(75, 55), (72, 95)], fill=255, width=10)
    without_stroke = prepare_digit(canvas)
    draw.line([(88, 45), (140, 45)], fill=255, width=10)
    assert compute_difference(without_stroke, prepare_digit(canvas)) > 0.3
    assert_mnist_form(prepare_digit(canvas))


def test_tight_crop_is_read_in_the_right_polarity() -> None:
    for drawn in (draw_five(), draw_five(pen=20), draw_five().rotate(20)):
        cropped = drawn.crop(drawn.getbbox())
        assert compute_difference(prepare_digit(drawn), prepare_digit(cropped)) < 0.15
        assert compute_difference(prepare_digit(drawn), prepare_digit(invert(cropped))) < 0.15


@pytest.mark.parametrize("pen", [1, 2, 4])
def test_thin_strokes_become_thick_enough(pen: int) -> None:
    pixels = prepare_digit(draw_five(400, (80, 60), height=280, pen=pen))
    assert_mnist_form(pixels)
    assert np.count_nonzero(pixels > 128) > 80


@pytest.mark.parametrize("level", [0, 90, 255])
@pytest.mark.parametrize("size", [(28, 28), (1, 1), (500, 300)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_there_is_no_digit_in_a_blank_picture(mode: str, size: tuple[int, int], level: int) -> None:
    with pytest.raises(NoDigit, match="no digit in the picture"):
        prepare_digit(Image.new(mode, size, level if mode == "L" else (level, 90, level, 255)[: len(mode)]))


@pytest.mark.parametrize("noise", [0, 3, 12])
def test_there_is_no_digit_on_paper_without_ink(noise: float) -> None:
    random = np.random.default_rng(0)
    slope = np.add.outer(np.linspace(0, 60, 200), np.linspace(0, 40, 200))
    paper = Image.fromarray((200 - slope + random.normal(0, noise, (200, 200))).clip(0, 255).astype(np.uint8))
    for picture in (paper, paper.crop((0, 0, 60, 60)), paper.filter(ImageFilter.GaussianBlur(1)), invert(paper)):
        with pytest.raises(NoDigit):
            prepare_digit(picture)


def test_digit_fills_its_box_at_another_output_size() -> None:
    pixels = digit(draw_five(), 56, 56, 3)
    assert np.array_equal(pixels[:, :, 0], pixels[:, :, 2])
    rows = np.flatnonzero(pixels[:, :, 0].max(axis=1))
    assert 38 <= np.ptp(rows) + 1 <= 40


def test_off_centre_28_by_28_digit_is_centred(mnist: np.ndarray) -> None:
    move: Callable[[np.ndarray], np.ndarray] = lambda pixels: np.roll(pixels, (3, -3), (0, 1))  # noqa: E731
    differences = [compute_difference(pixels, prepare_digit(Image.fromarray(move(pixels)))) for pixels in mnist[:50]]
    assert np.median(differences) < 0.2


def test_other_numbers_of_channels_are_a_value_error() -> None:
    with pytest.raises(ValueError, match="1 or 3"):
        digit(draw_five(), 28, 28, 2)
