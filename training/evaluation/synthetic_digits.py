"""How well a classifier reads digits that are not MNIST's, from files that the service's own code prepares."""

from pathlib import Path

import numpy as np

from service.images import prepare
from training.data.synthetic_digits import KINDS, image_files
from training.evaluation.inference import RunModel, batch_inputs, run_servable
from training.export.manifest import read_manifest

COUNT, SEED = 50, 1  # images per digit and kind; experiments may use seed 0


def measure_accuracies(
    version_dir: Path, count: int = COUNT, seed: int = SEED, run: RunModel = run_servable
) -> dict[str, float]:
    """The accuracy by kind of synthetic digit (training.data.synthetic_digits)."""
    image_input = read_manifest(version_dir).image
    accuracies = {}
    for kind in KINDS:
        files, digits = zip(*image_files(kind, count, seed), strict=True)
        images = np.stack([prepare(file, image_input) for file in files])
        probabilities = run(version_dir, batch_inputs(images=images))["probabilities"]
        accuracies[kind] = float((probabilities.argmax(axis=1) == np.array(digits)).mean())
    return accuracies
