import numpy as np
from PIL import Image

from training.data import out_of_distribution as strangers
from training.data.dataset import Dataset, whole


def test_the_pictures_of_scikit_image_are_those_that_its_wheel_brings() -> None:
    pictures = list(strangers.scikit_image())
    assert len(pictures) == 22 * 5 + 200
    assert len({picture.tobytes() for picture in pictures}) > 300


def test_pictures_are_brought_to_the_form_of_the_data() -> None:
    split = whole(np.zeros((1, 12, 16, 3), np.uint8), np.zeros(1, np.int32))
    data = Dataset("any", ("a",), "photo", split, split, split)
    (made,) = strangers.prepared(iter([Image.new("RGB", (40, 30), (9, 8, 7)), Image.new("L", (5, 5), 3)]), data)
    assert made.shape == (2, 12, 16, 3) and made[0, 5, 5].tolist() == [9, 8, 7]
