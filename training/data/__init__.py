"""Where training images come from: one module a data set, each giving the same three splits."""

from training.data.locate import DataMissing
from training.data.splits import Dataset, Split

__all__ = ["DataMissing", "Dataset", "Split", "load"]


def load(name: str, size: int, train_size: int, validation: float, download: bool = False) -> Dataset:
    """The data set of that name; images uint8 [N,H,W,C]. Raises DataMissing where it is not on this machine."""
    from training.data import cats_dogs, digits8, mnist

    if name == "mnist":
        return mnist.load(validation, download)
    if name == "digits8":
        return digits8.load(validation)
    return cats_dogs.load(size, train_size, validation, download)
