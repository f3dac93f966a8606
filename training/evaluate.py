"""The final figures of a servable, through its SavedModel and its signature alone, as any server would run it."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.data import Split

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


def probabilities(version_dir: Path, split: Split, batch: int = 128) -> NDArray[np.float32]:
    """float32 [N,K] for every image of the split."""
    loaded = tf.saved_model.load(str(version_dir))
    signature = loaded.signatures["serving_default"]
    starts = range(0, len(split), batch)
    parts = [signature(images=tf.constant(split.images(slice(at, at + batch))))["probabilities"] for at in starts]
    return np.concatenate([part.numpy() for part in parts])


def classifier(version_dir: Path, split: Split) -> Figures:
    shares = probabilities(version_dir, split)
    said, confidence = shares.argmax(axis=1), shares.max(axis=1)
    confusion = np.zeros((shares.shape[1],) * 2, int)
    np.add.at(confusion, (split.labels, said), 1)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    right = said == split.labels
    gaps = [abs(right[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    counts = np.bincount(bins, minlength=BINS)
    return Figures(len(split), float(right.mean()), float(sum(gaps)), confusion.tolist(), counts.tolist())
