"""Variants of photographs: the same for a seed, and each of its shape."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from training.data.photo_variants import KINDS, make_variant

SHAPES = {"screenshot": 9 / 19.5, "portrait": 9 / 16, "panorama": 3.0}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(90, 90), (120, 60)])
def test_variant_has_its_shape_and_is_the_same_for_the_same_seed(kind: str, size: tuple[int, int]) -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), np.uint8))
    data = make_variant(picture, kind, 3)
    variant = Image.open(BytesIO(data))
    assert variant.width / variant.height == pytest.approx(SHAPES.get(kind, size[0] / size[1]), rel=0.02)
    assert data == make_variant(picture, kind, 3) != make_variant(picture, kind, 4)


def test_dark_is_darker_and_motion_is_softer() -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8))
    plain, dark, motion = (
        np.asarray(image)
        for image in (picture, *(Image.open(BytesIO(make_variant(picture, kind, 1))) for kind in ("dark", "motion")))
    )
    assert dark.mean() < 0.8 * plain.mean() and motion.std() < 0.6 * plain.std()
