"""Data sets, one module each; all of them give the same three splits."""

from training.data.dataset import Dataset, Split, limit_images
from training.errors import DataMissing
from training.recipes.data_schema import Data

__all__ = ["DataMissing", "Dataset", "Split", "load"]


def load(config: Data, download: bool = False) -> Dataset:
    """The data set of a recipe. Raises DataMissing if it is not on this machine."""
    data = _load_all(config, download)
    return limit_images(data, config.limit) if config.limit else data


def _load_all(config: Data, download: bool) -> Dataset:
    from training.data import cats_dogs, digits8, image_folder, mnist

    match config.name:
        case "mnist":
            return mnist.load(config.validation, download, config.seed)
        case "digits8":
            return digits8.load(config.validation, config.seed)
        case "folder":
            return image_folder.load(config)
    train_size = config.train_size or config.size
    return cats_dogs.load(config.size, train_size, config.validation, download, config.seed, config.first)
