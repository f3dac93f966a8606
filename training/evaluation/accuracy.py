"""How often a classifier is right, and how well its probabilities are calibrated."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 20


@dataclass(frozen=True)
class Figures:
    """`ece`: expected calibration error over 20 equal bins (Guo et al. 2017). `confusion[true][predicted]`: counts.

    `confidence`: the number of test images whose highest probability is in each of the 20 bins.
    """

    images: int
    accuracy: float
    ece: float
    confusion: list[list[int]]
    confidence: list[int]

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def compute_figures(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> Figures:
    """From probabilities [N,K] and the true classes [N]."""
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    confusion = np.zeros((probabilities.shape[1],) * 2, int)
    np.add.at(confusion, (labels, predicted), 1)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    correct = predicted == labels
    gaps = [abs(correct[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    counts = np.bincount(bins, minlength=BINS)
    return Figures(len(labels), float(correct.mean()), float(sum(gaps)), confusion.tolist(), counts.tolist())


def compute_wilson_interval(share: float, count: int) -> tuple[float, float]:
    """(low, high): Wilson's 95% interval of a share that was counted over `count` images (Wilson 1927)."""
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    radius = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return middle - radius, middle + radius
