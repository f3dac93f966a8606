import io

import numpy as np
import pytest
from PIL import Image

from service.images import ImageInput, prepare
from training.data.synthetic_digits import KINDS, image_files


@pytest.mark.parametrize("kind", KINDS)
def test_every_digit_has_files_and_a_seed_gives_the_same_files(kind: str) -> None:
    files, digits = zip(*image_files(kind, 2, seed=5), strict=True)
    counts = np.bincount(digits)
    assert counts.tolist() == [2] * 10 if kind != "enlarged" else counts.sum() == 1797
    assert all(min(Image.open(io.BytesIO(file)).size) >= 40 for file in files[:20])
    again = [file for file, _ in image_files(kind, 2, seed=5)]
    assert list(files) == again and again != [file for file, _ in image_files(kind, 2, seed=6)]


@pytest.mark.parametrize("kind", KINDS)
def test_prepared_digits_are_light_ink_on_black(kind: str) -> None:
    for file, _ in list(image_files(kind, 1, seed=3))[:10]:
        prepared = prepare(file, ImageInput(28, 28, 1, "digit"))
        assert prepared.max() > 200 and 0.03 < (prepared > 127).mean() < 0.5
