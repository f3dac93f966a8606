"""scikit-learn's digits: 1,797 images of 8x8 in 17 grey levels. They are part of the package: no download is needed."""

import numpy as np
from sklearn.datasets import load_digits

from training.data.dataset import Dataset, Split, hold_out

CLASSES = tuple("0123456789")


def load(validation: float, seed: int = 0) -> Dataset:
    raw = load_digits()
    images = np.round(raw.images * (255 / 16)).astype("uint8")[..., None]
    rest, test = hold_out(Split.of(images, raw.target), 0.1, seed=0)
    train, validate = hold_out(rest, validation, seed + 1)
    return Dataset("digits8", CLASSES, "photo", train, validate, test)
