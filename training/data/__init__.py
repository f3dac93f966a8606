"""Where training images come from: one module a data set, each giving the same three splits."""

from training.data.dataset import Dataset, Split, limit_images
from training.errors import DataMissing
from training.recipes import schema as parts

__all__ = ["DataMissing", "Dataset", "Split", "load"]


def load(what: parts.Data, download: bool = False) -> Dataset:
    """The data that a recipe asks for; images uint8 [N,H,W,C]. Raises DataMissing where it is not on this machine."""
    data = _whole(what, download)
    return limit_images(data, what.limit) if what.limit else data


def _whole(what: parts.Data, download: bool) -> Dataset:
    from training.data import cats_dogs, digits8, mnist
    from training.data import image_folder as folder

    if what.name == "mnist":
        return mnist.load(what.validation, download, what.seed)
    if what.name == "digits8":
        return digits8.load(what.validation, what.seed)
    if what.name == "folder":
        return folder.load(what)
    train_size = what.train_size or what.size
    return cats_dogs.load(what.size, train_size, what.validation, download, what.seed, what.first)
