import io

import numpy as np
import pytest
from PIL import Image

from training.data.dataset import Split
from training.data.pictured_digits import KINDS, image_files


def _make_split() -> Split:
    """Thirty images in MNIST's form: a slanted bar of ink for every label."""
    pixels = np.zeros((30, 28, 28, 1), np.uint8)
    for row in range(4, 24):
        pixels[:, row, 17 - row // 4 : 20 - row // 4] = 255
    return Split.of(pixels, np.arange(30) % 10)


@pytest.mark.parametrize("kind", KINDS)
def test_every_digit_has_files_and_a_seed_gives_the_same_files(kind: str) -> None:
    split = _make_split()
    files, digits = zip(*image_files(kind, split, 1, seed=5), strict=True)
    assert digits == tuple(range(10))
    assert all(min(Image.open(io.BytesIO(file)).size) >= 8 for file in files)
    assert list(files) == [file for file, _ in image_files(kind, split, 1, seed=5)]
