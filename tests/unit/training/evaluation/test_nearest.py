from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.data.dataset import Split
from training.evaluation.gan_metrics import draw_nearest, nearest_images, typical_distance

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 6, 6, 1), np.uint8)
SPLIT = Split.of(IMAGES, np.zeros(50, np.int32))


def test_a_copy_is_found_and_at_no_distance() -> None:
    which, away = nearest_images(IMAGES[[7, 31]], SPLIT, 2)
    assert which[:, 0].tolist() == [7, 31]
    assert away[:, 0] == pytest.approx(0, abs=0.1) and (away[:, 1] > 10).all()


def test_the_distance_is_in_grey_levels_a_pixel() -> None:
    lighter = (np.clip(IMAGES, 0, 250) + 5).astype(np.uint8)
    darker = Split.of(np.clip(IMAGES, 0, 250), np.zeros(50, np.int32))
    assert typical_distance(lighter, darker) == pytest.approx(5, abs=0.1)


def test_the_picture_has_a_column_a_sample(tmp_path: Path) -> None:
    draw_nearest(IMAGES[:5], SPLIT, tmp_path / "sheet.png", scale=1)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (5 * 6, 4 * 6 + 4)
