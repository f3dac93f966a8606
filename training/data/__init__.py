"""Where training images come from: one module a data set, each giving the same three splits."""

from training.data.locate import DataMissing
from training.data.splits import Dataset, Split
from training.recipe import Data

__all__ = ["DataMissing", "Dataset", "Split", "load"]


def load(part: Data, download: bool = False) -> Dataset:
    """The data set that a recipe names; images uint8 [N,H,W,C]. Raises DataMissing where it is not on this machine."""
    from training.data import cats_dogs, digits8, folder, mnist

    train_size = part.train_size or part.size
    match part.name:
        case "mnist":
            return mnist.load(part.validation, download)
        case "digits8":
            return digits8.load(part.validation)
        case "folder":
            return folder.load(part.path, part.size, train_size, part.channels, part.treatment, part.validation)
    return cats_dogs.load(part.size, train_size, part.validation, download)
