"""scikit-learn's digits: 1,797 of 8x8 in 17 grey levels, shipped inside the package, so this one runs anywhere."""

import numpy as np
from sklearn.datasets import load_digits

from training.data.dataset import Dataset, hold_out, whole

CLASSES = tuple("0123456789")


def load(validation: float, seed: int = 0) -> Dataset:
    raw = load_digits()
    images = np.round(raw.images * (255 / 16)).astype("uint8")[..., None]
    rest, test = hold_out(whole(images, raw.target), 0.1, seed=0)
    train, validate = hold_out(rest, validation, seed + 1)
    return Dataset("digits8", CLASSES, "photo", train, validate, test)
