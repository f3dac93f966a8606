"""The treatment of digits: however a digit comes, it leaves in MNIST's own form."""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from service.images import ImageInput, digit, prepare
from tests.unit.service.images.modes import MODES, picture

ROOT = Path(__file__).parents[4]
MNIST = Path(os.environ.get("DATA_DIR", ROOT.parent / "shared" / "data")) / "mnist.npz"


def treated(image: Image.Image) -> np.ndarray:
    return digit(image, 28, 28, 1)[:, :, 0]


def five(side: int = 200, at: tuple[int, int] = (60, 40), tall: int = 100, pen: int = 10) -> Image.Image:
    """A five, white on black, `tall` pixels high with its upper left corner at `at`."""
    canvas = Image.new("L", (side * 3, side * 3))
    draw = ImageDraw.Draw(canvas)
    x, y, size, width = at[0] * 3, at[1] * 3, tall * 3, pen * 3
    corners = [(0.62, 0.0), (0.14, 0.0), (0.10, 0.42)]
    draw.line([(x + a * size, y + b * size) for a, b in corners], fill=255, width=width, joint="curve")
    draw.arc((x, y + 0.36 * size, x + 0.66 * size, y + size), 215, 500, fill=255, width=width)
    return canvas.resize((side, side), Image.Resampling.BOX)


def inverted(image: Image.Image) -> Image.Image:
    return image.point(lambda value: 255 - value)


def off(one: np.ndarray, other: np.ndarray) -> float:
    """How unlike two treated digits are: their difference over the ink of one, where best laid within a pixel.

    Centres of mass that differ by a hundredth may round to neighbouring pixels, which no eye and no model minds.
    """
    moved = [np.roll(other, (down, across), (0, 1)) for down in (-1, 0, 1) for across in (-1, 0, 1)]
    return min(float(np.abs(one.astype(int) - each).sum()) for each in moved) / max(int(one.sum()), 1)


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
    """uint8 [70000,28,28]"""
    if not MNIST.exists():
        pytest.skip(f"MNIST is not at {MNIST}")
    with np.load(MNIST) as data:
        return np.concatenate([data["x_train"], data["x_test"]])


def test_every_image_of_mnist_is_unchanged(mnist: np.ndarray) -> None:
    changed = [at for at, pixels in enumerate(mnist) if not np.array_equal(treated(Image.fromarray(pixels)), pixels)]
    assert changed == []


def test_every_mnist_image_inverted_is_turned_back_exactly(mnist: np.ndarray) -> None:
    some = mnist[::10]
    changed = [at for at, one in enumerate(some) if not np.array_equal(treated(Image.fromarray(255 - one)), one)]
    assert changed == []


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "I;16"])
def test_an_mnist_image_is_unchanged_through_a_file_in_any_mode(mnist: np.ndarray, mode: str) -> None:
    for pixels in mnist[:20]:
        grey = Image.fromarray(pixels)
        image = Image.fromarray(pixels.astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
        out = BytesIO()
        image.save(out, "PNG")
        assert np.array_equal(prepare(out.getvalue(), ImageInput(28, 28, 1, "digit"))[:, :, 0], pixels)


def test_mnist_digits_come_back_from_canvases_and_paper(mnist: np.ndarray) -> None:
    """Enlarged eight times, anywhere on a larger sheet: what comes back is the digit that went in."""
    random = np.random.default_rng(0)
    unlike = []
    for pixels in mnist[:60]:
        large = Image.fromarray(pixels).resize((224, 224), Image.Resampling.BICUBIC)
        sheet = Image.new("L", (400, 400))
        sheet.paste(large, tuple(random.integers(0, 176, 2).tolist()))
        unlike += [off(pixels, treated(sheet)), off(pixels, treated(inverted(sheet)))]
    assert np.median(unlike) < 0.25
    assert np.percentile(unlike, 95) < 0.6


@given(st.sampled_from(MODES), st.integers(1, 300), st.integers(1, 300), st.integers(4, 64), st.sampled_from([1, 3]))
def test_any_picture_gets_the_requested_size(mode: str, width: int, height: int, side: int, channels: int) -> None:
    pixels = digit(picture(mode, width, height), side, side + 3, channels)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (side, side + 3, channels)


@given(st.integers(0, 90), st.integers(0, 90), st.integers(60, 100), st.integers(5, 16))
def test_a_drawn_digit_takes_mnists_form_in_either_polarity(x: int, y: int, tall: int, pen: int) -> None:
    drawn = five(at=(x + 5, y + 5), tall=tall, pen=pen)
    pixels = treated(drawn)
    assert_mnist_form(pixels)
    assert off(pixels, treated(inverted(drawn))) < 0.05


@settings(max_examples=30)
@given(st.integers(8, 190), st.integers(8, 190))
def test_position_of_the_digit_does_not_matter(x: int, y: int) -> None:
    middle = treated(five(300, (100, 100)))
    assert off(middle, treated(five(300, (x, y)))) < 0.35


@pytest.mark.parametrize("scale", [0.35, 0.5, 0.75, 1.5, 3.0, 6.0])
def test_size_of_the_picture_does_not_matter(scale: float) -> None:
    drawn = five(200, (40, 50))
    side = round(200 * scale)
    assert off(treated(drawn), treated(drawn.resize((side, side), Image.Resampling.LANCZOS))) < 0.4


def test_a_small_digit_on_a_large_sheet_is_found() -> None:
    assert off(treated(five(200, (50, 50))), treated(five(1000, (700, 620), tall=110, pen=11))) < 0.3


@pytest.mark.parametrize("light", [30, 60, 80])
@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("chalk", [False, True])
def test_uneven_light_and_noise_are_taken_away(light: int, turns: int, chalk: bool) -> None:
    """Brightest in one corner, falling off to the one across by more than the ink stands out there."""
    random = np.random.default_rng(light)
    drawn = five(300, (90, 80), tall=150, pen=14)
    down, across = np.mgrid[0:1:300j, 0:1:300j]
    paper = 245 - light * np.rot90(0.9 * down + 0.6 * across + 0.7 * down * across, turns)
    lit = paper * (1 - np.asarray(drawn) / 255 * 0.4) + random.normal(0, 5, (300, 300))
    photo = Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))
    pixels = treated(inverted(photo) if chalk else photo)
    assert_mnist_form(pixels)
    assert off(treated(drawn), pixels) < 0.3


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 30, 40)])
def test_strokes_on_a_transparent_canvas_are_the_digit(colour: tuple[int, int, int]) -> None:
    drawn = five()
    canvas = Image.new("RGBA", drawn.size, (*colour, 0))
    canvas.putalpha(drawn)
    assert off(treated(drawn), treated(canvas)) < 0.02


@pytest.mark.parametrize("strength", [40, 120])
def test_faint_strokes_on_a_transparent_canvas_are_the_digit(strength: int) -> None:
    drawn = five()
    canvas = Image.new("RGBA", drawn.size, (0, 0, 0, 0))
    canvas.putalpha(drawn.point(lambda value: value * strength // 255))
    assert off(treated(drawn), treated(canvas)) < 0.1


def test_a_digit_rubbed_out_of_one_colour_is_the_digit() -> None:
    canvas = Image.new("RGBA", (200, 200), (0, 0, 0, 255))
    canvas.putalpha(inverted(five()))
    assert off(treated(five()), treated(canvas)) < 0.02


def test_clear_pixels_of_another_colour_do_not_show() -> None:
    drawn = five()
    clear = Image.new("RGBA", drawn.size, (255, 255, 255, 0))
    canvas = Image.composite(Image.new("RGBA", drawn.size, "black"), clear, drawn)
    assert off(treated(drawn), treated(canvas)) < 0.1


def test_an_opaque_alpha_channel_is_ignored() -> None:
    for drawn in (five(), five().point(lambda value: 180 - value // 12)):
        assert treated(drawn).any()
        assert np.array_equal(treated(drawn), treated(drawn.convert("RGBA")))


def test_a_sheet_with_a_transparent_margin_is_read_for_its_ink() -> None:
    drawn = inverted(five())
    sheet = Image.new("LA", (240, 240), (0, 0))
    sheet.paste(Image.merge("LA", (drawn, Image.new("L", drawn.size, 255))), (20, 20))
    assert off(treated(drawn), treated(sheet)) < 0.1


def test_specks_and_a_dark_edge_are_no_part_of_the_digit() -> None:
    drawn = five(300, (110, 90), tall=130, pen=14)
    dirty = drawn.copy()
    draw = ImageDraw.Draw(dirty)
    for x, y in ((20, 280), (280, 20), (270, 270), (60, 30)):
        draw.rectangle((x, y, x + 3, y + 3), fill=255)
    draw.rectangle((0, 0, 20, 300), fill=255)
    assert off(treated(drawn), treated(dirty)) < 0.05


def test_separate_strokes_of_one_digit_stay_together() -> None:
    """A five whose hat does not touch it is a five, not an S without its top."""
    whole = Image.new("L", (200, 200))
    draw = ImageDraw.Draw(whole)
    draw.arc((60, 80, 130, 160), 215, 500, fill=255, width=10)
    draw.line([(75, 55), (72, 95)], fill=255, width=10)
    without = treated(whole)
    draw.line([(88, 45), (140, 45)], fill=255, width=10)
    assert off(without, treated(whole)) > 0.3
    assert_mnist_form(treated(whole))


def test_a_crop_close_around_the_ink_is_read_in_the_right_polarity() -> None:
    for drawn in (five(), five(pen=20), five().rotate(20)):
        close = drawn.crop(drawn.getbbox())
        assert off(treated(drawn), treated(close)) < 0.15
        assert off(treated(drawn), treated(inverted(close))) < 0.15


@pytest.mark.parametrize("pen", [1, 2, 4])
def test_a_hairline_is_drawn_strongly_enough(pen: int) -> None:
    pixels = treated(five(400, (80, 60), tall=280, pen=pen))
    assert_mnist_form(pixels)
    assert np.count_nonzero(pixels > 128) > 80


@pytest.mark.parametrize("level", [0, 90, 255])
@pytest.mark.parametrize("size", [(28, 28), (1, 1), (500, 300)])
def test_a_blank_picture_is_black(level: int, size: tuple[int, int]) -> None:
    assert not treated(Image.new("L", size, level)).any()


def test_paper_without_ink_is_black() -> None:
    random = np.random.default_rng(0)
    slope = np.add.outer(np.linspace(0, 60, 200), np.linspace(0, 40, 200))
    for noise in (0, 3, 12):
        paper = Image.fromarray((200 - slope + random.normal(0, noise, (200, 200))).clip(0, 255).astype(np.uint8))
        assert not treated(paper).any()
        assert not treated(paper.crop((0, 0, 60, 60))).any()
        assert not treated(paper.filter(ImageFilter.GaussianBlur(1))).any()


def test_the_box_follows_the_size_asked() -> None:
    pixels = digit(five(), 56, 56, 3)
    assert np.array_equal(pixels[:, :, 0], pixels[:, :, 2])
    rows = np.flatnonzero(pixels[:, :, 0].max(axis=1))
    assert 38 <= np.ptp(rows) + 1 <= 40


def test_a_digit_of_28_by_28_out_of_place_is_brought_into_place(mnist: np.ndarray) -> None:
    move: Callable[[np.ndarray], np.ndarray] = lambda pixels: np.roll(pixels, (3, -3), (0, 1))  # noqa: E731
    unlike = [off(pixels, treated(Image.fromarray(move(pixels)))) for pixels in mnist[:50]]
    assert np.median(unlike) < 0.2


def test_other_numbers_of_channels_are_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="1 or 3"):
        digit(five(), 28, 28, 2)
