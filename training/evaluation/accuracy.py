"""How often a classifier is right, and how well its probabilities say so."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 20


@dataclass(frozen=True)
class Figures:
    """`ece`: expected calibration error over 20 equal bins (Guo et al. 2017); `confusion[true][said]`.

    `confidence`: how many test images had their best probability in each of 20 equal bins.
    """

    images: int
    accuracy: float
    ece: float
    confusion: list[list[int]]
    confidence: list[int]

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def figures(shares: NDArray[np.floating], labels: NDArray[np.integer]) -> Figures:
    """Of probabilities [N,K] and the true classes [N]."""
    said, confidence = shares.argmax(axis=1), shares.max(axis=1)
    confusion = np.zeros((shares.shape[1],) * 2, int)
    np.add.at(confusion, (labels, said), 1)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    right = said == labels
    gaps = [abs(right[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    counts = np.bincount(bins, minlength=BINS)
    return Figures(len(labels), float(right.mean()), float(sum(gaps)), confusion.tolist(), counts.tolist())


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """Wilson's 95% interval of a share that was counted over so many images (Wilson 1927)."""
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    reach = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return middle - reach, middle + reach
