"""Drift of every classifier as gauges: what its predictions of the last hour have in common with those on its test set.

Workers count predictions, each in its own file. One engine reads the sums once a minute, which costs it some
milliseconds, and compares: it has the manifests and lives longer than a scrape.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from prometheus_client.metrics_core import Metric

from service import metrics, metrics_folder
from service.catalog import Catalog
from service.engine.drift_reference import Counts, compute_psi, read_references
from service.engine.repository import Key
from service.manifest import Manifest

WINDOW = 3600.0  # seconds
STEP = 60.0  # seconds between two looks
MIN_IMAGES = 1000  # fewer differ from the test set by chance

_HISTOGRAMS = {
    "inkpaw_confidence_bucket": ("confidence", metrics.SHARE_BOUNDS),
    "inkpaw_outlier_score_bucket": ("outlier_score", metrics.SCORE_BOUNDS),
}

Totals = defaultdict[tuple[str, str, str, str], float]  # images by model, version, distribution and bin


class DriftGauges:
    """`update` is called often, by one thread. It reads the metrics once per `STEP`, and takes new versions at once."""

    def __init__(self, model_dir: Path, metrics_dir: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._model_dir, self._metrics_dir, self._clock = model_dir, metrics_dir, clock
        self._looks: deque[tuple[float, Totals]] = deque()
        self._generation = 0  # of the catalog

    def update(self, catalog: Catalog) -> None:
        """Raises Unavailable if the metrics cannot be read."""
        now = self._clock()
        if not self._looks or now >= self._looks[-1][0] + STEP:
            self._look(now)
        elif catalog.generation == self._generation:
            return
        self._generation = catalog.generation
        for name, model in catalog.models.items():
            for number, version in model.versions.items():
                if version.manifest is not None:
                    self._update_version((name, number), version.manifest)

    def _look(self, now: float) -> None:
        self._looks.append((now, _read_totals(metrics_folder.read(self._metrics_dir))))
        while len(self._looks) > 2 and self._looks[1][0] <= now - WINDOW:
            self._looks.popleft()

    def _update_version(self, key: Key, manifest: Manifest) -> None:
        name, number = key[0], str(key[1])
        references = read_references(self._model_dir / name / number)
        for distribution, reference in references.items():
            counts = self._count_window(name, number, distribution, _list_bins(distribution, manifest))
            drift = compute_psi(counts, reference) if counts.sum() >= MIN_IMAGES else float("nan")
            metrics.get(metrics.DRIFT, name, number, distribution).set(drift)

    def _count_window(self, model: str, version: str, distribution: str, bins: Iterable[str]) -> Counts:
        first, last = self._looks[0][1], self._looks[-1][1]
        keys = [(model, version, distribution, name) for name in bins]
        return np.array([last.get(key, 0.0) - first.get(key, 0.0) for key in keys], np.float64)


def _list_bins(distribution: str, manifest: Manifest) -> list[str]:
    bounds = dict(_HISTOGRAMS.values())
    return [str(bound) for bound in bounds[distribution]] if distribution in bounds else list(manifest.labels)


def _read_totals(families: Iterable[Metric]) -> Totals:
    totals: Totals = defaultdict(float)
    for family in families:
        for sample in family.samples:
            if sample.name == "inkpaw_predictions_total":
                labels = sample.labels
                totals[labels["model"], labels["version"], "labels", labels["label"]] += sample.value
            elif sample.name in _HISTOGRAMS:
                _add_bucket(totals, sample.labels, *_HISTOGRAMS[sample.name], sample.value)
    return totals


def _add_bucket(
    totals: Totals, labels: dict[str, str], distribution: str, bounds: tuple[float, ...], images: float
) -> None:
    """A bucket counts what is in those below it, too. Rounding puts a few values above 1: they are in the last."""
    bound, key = float(labels["le"]), (labels["model"], labels["version"], distribution)
    index = bounds.index(bound) if bound in bounds else len(bounds)
    if index < len(bounds) - 1:
        totals[*key, str(bounds[index])] += images
        totals[*key, str(bounds[index + 1])] -= images
    elif index == len(bounds):
        totals[*key, str(bounds[-1])] += images
