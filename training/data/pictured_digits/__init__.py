"""Digits of real hands as people draw, photograph and scan them: MNIST's images are the ink, everything else is random.

Each kind is one difficulty, so that a figure by kind tells which of them is not mastered. They are never trained on.
"""

from collections.abc import Callable, Iterator

import numpy as np

from training.data.dataset import Split
from training.data.pictured_digits import light, lines, pens, scans
from training.data.pictured_digits.ink import Random

KINDS: dict[str, Callable[[np.ndarray, Random], bytes]] = {
    "on a canvas": pens.draw_canvas,
    "on transparency": pens.draw_transparent,
    "coloured": pens.draw_coloured,
    "pencil": pens.draw_pencil,
    "chalk": pens.draw_chalk,
    "gradient": light.draw_gradient,
    "soft shadow": light.draw_soft_shadow,
    "hard shadow": light.draw_hard_shadow,
    "noise": scans.draw_noisy,
    "blur": scans.draw_blurred,
    "tilt": scans.draw_tilted,
    "close crop": scans.draw_cropped,
    "tiny": scans.draw_tiny,
    "64 pixels": scans.draw_small_file,
    "ruled": lines.draw_ruled,
    "squared": lines.draw_squared,
    "frame": lines.draw_framed,
    "form box": lines.draw_boxed,
    "equal brightness": pens.draw_equally_bright,
    "bilevel scan": scans.draw_bilevel_scan,
    "thin pen": pens.draw_thin,
    "bold": pens.draw_bold,
    "poor JPEG": scans.draw_poor_jpeg,
    "specks": scans.draw_specked,
    "phone": light.draw_photograph,
}


def image_files(kind: str, split: Split, per_digit: int, seed: int) -> Iterator[tuple[bytes, int]]:
    """(an image file, its digit): `per_digit` of every digit of the split, the same for the same seed."""
    rng = np.random.default_rng((seed, *kind.encode()))
    for digit in range(10):
        rows = rng.choice(np.flatnonzero(split.labels == digit), per_digit, replace=False)
        for pixels in split.images(rows):
            yield KINDS[kind](pixels[..., 0], rng), digit
