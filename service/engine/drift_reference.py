"""What a classifier said of its test images, and how far from that it is what it says now."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service import metrics
from service.manifest import ManifestError, read_trained_manifest

Counts = NDArray[np.float64]

OUTLIER_SHARES = np.diff(metrics.SCORE_BOUNDS, prepend=0.0)  # of validation images: the score is their quantile


def read_references(version_dir: Path) -> dict[str, Counts]:
    """By `labels`, `confidence` and `outlier_score`, the share of the images in each bin, as the version's
    servable.json has it from training; empty for one that is no classifier or was trained by something else.

    Bins are those of the metrics: the labels in order, and the buckets of the histograms. No test set is needed for
    `outlier_score`, which is equally distributed by its definition.
    """
    try:
        manifest = read_trained_manifest(version_dir)
    except ManifestError:
        return {}
    test = manifest.facts.get("test")
    if manifest.kind != "classifier" or not isinstance(test, dict):
        return {}
    classes = len(manifest.labels)
    confusion = _to_counts(test.get("confusion"), (classes, classes))
    confidence = _to_counts(test.get("confidence"), (len(metrics.SHARE_BOUNDS),))
    references = {"outlier_score": OUTLIER_SHARES}
    if confusion is not None:  # a row per true class, a column per predicted one
        references["labels"] = _to_shares(confusion.sum(axis=0))
    if confidence is not None:
        references["confidence"] = _to_shares(confidence)
    return references


def compute_psi(counts: Counts, reference: Counts) -> float:
    """The population stability index: 0 where counts are as the reference, 0.1 a small shift, above 0.25 a large one.

    The reference counts as one more image per bin, or a bin that is empty by chance would make it infinite.
    """
    bins = len(reference)
    shares = (counts + bins * reference) / (counts.sum() + bins)
    return float(((shares - reference) * np.log(shares / reference)).sum())


def _to_counts(value: Any, shape: tuple[int, ...]) -> Counts | None:
    """None for what is not an array of counts of that shape: whoever trains may write other facts."""
    try:
        counts = np.array(value, np.float64)
    except (TypeError, ValueError):
        return None
    return counts if counts.shape == shape and np.isfinite(counts).all() and counts.sum() > 0 else None


def _to_shares(counts: Counts) -> Counts:
    """Half an image more per bin: none that may occur at all has a share of 0."""
    shares: Counts = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    return shares
