from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.data.dataset import Split
from training.evaluation.gan_metrics import compute_typical_distance, draw_nearest, find_nearest_images

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 6, 6, 1), np.uint8)
SPLIT = Split.of(IMAGES, np.zeros(50, np.int32))


def test_copy_is_found_at_distance_zero() -> None:
    indices, distances = find_nearest_images(IMAGES[[7, 31]], SPLIT, 2)
    assert indices[:, 0].tolist() == [7, 31]
    assert distances[:, 0] == pytest.approx(0, abs=0.1) and (distances[:, 1] > 10).all()


def test_distance_is_in_grey_levels_per_pixel() -> None:
    lighter = (np.clip(IMAGES, 0, 250) + 5).astype(np.uint8)
    darker = Split.of(np.clip(IMAGES, 0, 250), np.zeros(50, np.int32))
    assert compute_typical_distance(lighter, darker) == pytest.approx(5, abs=0.1)


def test_picture_has_one_column_per_sample(tmp_path: Path) -> None:
    draw_nearest(IMAGES[:5], SPLIT, tmp_path / "sheet.png", scale=1)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (5 * 6, 4 * 6 + 4)
