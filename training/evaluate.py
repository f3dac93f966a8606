"""The final figures of a servable, through its SavedModel and its signature alone, as any server would run it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.data import Split

BINS = 20
BATCH = 100

Inputs = dict[str, NDArray]


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


def run(version_dir: Path, output: str, batches: Iterable[Inputs]) -> NDArray:
    """That output for every batch of inputs, joined."""
    loaded = tf.saved_model.load(str(version_dir))
    signature = loaded.signatures["serving_default"]
    parts = [signature(**{name: tf.constant(value) for name, value in each.items()})[output] for each in batches]
    return np.concatenate([part.numpy() for part in parts])


def classifier(version_dir: Path, split: Split) -> Figures:
    starts = range(0, len(split), BATCH)
    shares = run(version_dir, "probabilities", ({"images": split.images(slice(at, at + BATCH))} for at in starts))
    said, confidence = shares.argmax(axis=1), shares.max(axis=1)
    confusion = np.zeros((shares.shape[1],) * 2, int)
    np.add.at(confusion, (split.labels, said), 1)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    right = said == split.labels
    gaps = [abs(right[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    counts = np.bincount(bins, minlength=BINS)
    return Figures(len(split), float(right.mean()), float(sum(gaps)), confusion.tolist(), counts.tolist())


@dataclass(frozen=True)
class SampleFigures:
    """`read_as_label`: share of samples of a given label that the judge, a classifier, reads as that label."""

    samples: int
    read_as_label: float
    judge: str
    by_label: list[float]

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def generator(version_dir: Path, judge_dir: Path, classes: int, each: int = 200) -> SampleFigures:
    """Samples of seeds that training never used, `each` of every label."""
    seeds = np.arange(classes * each, dtype=np.int64)
    labels = (seeds % classes).astype(np.int32)
    whole = np.ones(len(seeds), np.float32)
    slices = [slice(at, at + BATCH) for at in range(0, len(seeds), BATCH)]
    asked: Iterable[Inputs] = (
        {"seeds": seeds[part], "labels": labels[part], "truncation": whole[part]} for part in slices
    )
    images = run(version_dir, "images", asked)
    shares = run(judge_dir, "probabilities", ({"images": images[part]} for part in slices))
    right = shares.argmax(axis=1) == labels
    judge = f"{judge_dir.parent.name} version {judge_dir.name}"
    by_label = [float(right[labels == label].mean()) for label in range(classes)]
    return SampleFigures(len(seeds), float(right.mean()), judge, by_label)
