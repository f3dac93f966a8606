import numpy as np
from PIL import Image

from training.data.dataset import Dataset, Split
from training.data.out_of_distribution import prepare_chunks, scikit_image_pictures


def test_scikit_image_gives_the_pictures_of_its_wheel() -> None:
    pictures = list(scikit_image_pictures())
    assert len(pictures) == 22 * 5 + 200
    assert len({picture.tobytes() for picture in pictures}) > 300


def test_pictures_are_prepared_like_the_data_set() -> None:
    split = Split.of(np.zeros((1, 12, 16, 3), np.uint8), np.zeros(1, np.int32))
    data = Dataset("any", ("a",), "photo", split, split, split)
    (chunk,) = prepare_chunks(iter([Image.new("RGB", (40, 30), (9, 8, 7)), Image.new("L", (5, 5), 3)]), data)
    assert chunk.shape == (2, 12, 16, 3) and chunk[0, 5, 5].tolist() == [9, 8, 7]
