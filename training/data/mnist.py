"""MNIST: 60,000 + 10,000 handwritten digits, 28x28 (LeCun, Cortes, Burges), in the file of `keras.datasets.mnist`."""

import numpy as np

from training.data.dataset import Dataset, Split, hold_out
from training.data.download import find_or_download

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
CLASSES = tuple("0123456789")


def load(validation: float, download: bool = False, seed: int = 0) -> Dataset:
    """Raises DataMissing."""
    with np.load(find_or_download(("mnist.npz",), URL, "MNIST", download)) as raw:
        train, validate = hold_out(Split.of(raw["x_train"][..., None], raw["y_train"]), validation, seed)
        test = Split.of(raw["x_test"][..., None], raw["y_test"])
    return Dataset("mnist", CLASSES, "digit", train, validate, test)
