"""MNIST: 60,000 + 10,000 handwritten digits, 28x28 (LeCun, Cortes, Burges), as `keras.datasets.mnist` lays them out."""

import numpy as np

from training.data.dataset import Dataset, hold_out, whole
from training.data.download import find

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
CLASSES = tuple("0123456789")


def load(validation: float, download: bool = False, seed: int = 0) -> Dataset:
    with np.load(find(("mnist.npz",), URL, "MNIST", download)) as raw:
        train, validate = hold_out(whole(raw["x_train"][..., None], raw["y_train"]), validation, seed)
        test = whole(raw["x_test"][..., None], raw["y_test"])
    return Dataset("mnist", CLASSES, "digit", train, validate, test)
