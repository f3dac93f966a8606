"""A folder laid out as the Kaggle archive of cats and dogs, of pictures that a small net can tell apart."""

from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 64


def _picture(animal: str, rng: np.random.Generator) -> Image.Image:
    """Cats are a bright disc somewhere, dogs a bright bar; the rest is noise."""
    pixels = rng.integers(0, 120, (SIDE, SIDE, 3), dtype=np.uint8)
    across, down = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    x, y = rng.integers(20, SIDE - 20, 2)
    inside = (across - x) ** 2 + (down - y) ** 2 < 14**2 if animal == "cat" else abs(down - y) < 7
    pixels[inside] = rng.integers(180, 256, 3)
    return Image.fromarray(pixels)


def lay_out(folder: Path, train: int, test: int) -> None:
    """`folder/cat-and-dog`: pictures 1 to `train` of each animal to train on, 4001 to 4000 + `test` to test on."""
    rng = np.random.default_rng(0)
    for animal in ("cat", "dog"):
        for number in [*range(1, train + 1), *range(4001, 4001 + test)]:
            part = "training_set" if number <= 4000 else "test_set"
            path = folder / "cat-and-dog" / part / f"{animal}s" / f"{animal}.{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            _picture(animal, rng).save(path, "JPEG", quality=90)
