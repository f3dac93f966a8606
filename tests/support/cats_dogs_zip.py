"""A folder with the layout of the Kaggle archive of cats and dogs, with images that a small net can classify."""

from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 64


def _draw_animal(animal: str, rng: np.random.Generator) -> Image.Image:
    """A bright disc for a cat, a bright bar for a dog, at a random position on noise."""
    pixels = rng.integers(0, 120, (SIDE, SIDE, 3), dtype=np.uint8)
    across, down = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    x, y = rng.integers(20, SIDE - 20, 2)
    inside = (across - x) ** 2 + (down - y) ** 2 < 14**2 if animal == "cat" else abs(down - y) < 7
    pixels[inside] = rng.integers(180, 256, 3)
    return Image.fromarray(pixels)


def write_images(folder: Path, train: int, test: int) -> None:
    """Write `folder/cat-and-dog`: per animal, images 1 to `train` for training, 4001 to 4000 + `test` for testing."""
    rng = np.random.default_rng(0)
    for animal in ("cat", "dog"):
        for number in [*range(1, train + 1), *range(4001, 4001 + test)]:
            split = "training_set" if number <= 4000 else "test_set"
            path = folder / "cat-and-dog" / split / f"{animal}s" / f"{animal}.{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            _draw_animal(animal, rng).save(path, "JPEG", quality=90)
