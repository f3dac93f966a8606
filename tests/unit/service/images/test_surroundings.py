"""What surrounds a digit is not read: frames, the boxes of forms, ruled paper, shadows, and other digits' ink."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from service.images import TREATMENTS
from tests.unit.service.images.test_digit import compute_difference, draw_five, invert, prepare_digit

ALONE = prepare_digit(draw_five(240, (80, 60), height=110, pen=11))


def draw_on_paper() -> Image.Image:
    return invert(draw_five(240, (80, 60), height=110, pen=11))


@pytest.mark.parametrize(("margin", "width"), [(14, 2), (14, 4), (30, 2), (30, 8)])
def test_frame_is_not_a_part_of_the_digit(margin: int, width: int) -> None:
    paper = draw_on_paper()
    ImageDraw.Draw(paper).rectangle((80 - margin, 60 - margin, 150 + margin, 172 + margin), outline=20, width=width)
    assert compute_difference(ALONE, prepare_digit(paper)) < 0.35


@pytest.mark.parametrize("grey", [60, 150])
def test_row_of_boxes_that_touch_the_digit_is_not_a_part_of_it(grey: int) -> None:
    paper = draw_on_paper()
    draw = ImageDraw.Draw(paper)
    for left in (-20, 65, 150):
        draw.rectangle((left, 66, left + 85, 186), outline=grey, width=2)
    assert compute_difference(ALONE, prepare_digit(paper)) < 0.35


def test_ruled_lines_under_the_digit_are_not_a_part_of_it() -> None:
    paper = draw_on_paper()
    draw = ImageDraw.Draw(paper)
    for top in range(10, 240, 34):
        draw.line((0, top, 240, top + 3), fill=170, width=2)
    assert compute_difference(ALONE, prepare_digit(paper)) < 0.35


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("chalk", [False, True])
def test_hard_shadow_across_the_digit_is_not_a_part_of_it(turns: int, chalk: bool) -> None:
    down, across = np.mgrid[0:240, 0:240]
    shadow = np.rot90(np.where(down + 0.4 * across < 150, 1.0, 0.55), turns)
    paper = 230 - np.asarray(draw_five(240, (80, 60), height=110, pen=11)) * 0.65
    lit = (255 - paper if chalk else paper) * shadow + np.random.default_rng(0).normal(0, 2, (240, 240))
    pixels = prepare_digit(Image.fromarray(lit.clip(0, 255).astype(np.uint8)))
    assert compute_difference(ALONE, pixels) < (0.9 if chalk else 0.35)  # chalk in the shadow stays darker


@pytest.mark.parametrize("pen", [(200, 60, 60), (60, 60, 200)])
def test_ink_as_bright_as_its_paper_is_seen_by_its_colour(pen: tuple[int, int, int]) -> None:
    brightness = np.dot(pen, (0.299, 0.587, 0.114))
    green = round((brightness - 0.413 * 50) / 0.587)
    image = Image.composite(
        Image.new("RGB", (240, 240), pen), Image.new("RGB", (240, 240), (50, green, 50)), invert(draw_on_paper())
    )
    assert np.ptp(np.asarray(image.convert("L"))) < 4
    assert compute_difference(ALONE, prepare_digit(image)) < 0.1


@pytest.mark.parametrize("gap", [15, 60])
def test_of_two_digits_the_larger_is_read_and_the_picture_has_a_warning(gap: int) -> None:
    two = Image.new("L", (300, 200))
    two.paste(draw_five(110, (5, 5), height=100), (20, 40))
    two.paste(draw_five(90, (5, 5), height=80, pen=8), (85 + gap, 50))
    one = Image.new("L", (300, 200))
    one.paste(draw_five(110, (5, 5), height=100), (20, 40))
    transform = TREATMENTS["digit"].transform
    assert transform(one, 28, 28, 1).warnings == ()
    pixels, warnings = transform(two, 28, 28, 1)
    assert warnings == ("several_digits",)
    assert compute_difference(transform(one, 28, 28, 1).pixels[..., 0], pixels[..., 0]) < 0.05
