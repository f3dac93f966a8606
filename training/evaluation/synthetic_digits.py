"""How a classifier reads digits that are not MNIST's, as files, through the service's own preparation."""

from pathlib import Path

import numpy as np

from service.images import prepare
from training.data import synthetic_digits
from training.evaluation import inference
from training.export.manifest import read_manifest

EACH, SEED = 50, 1  # of every digit and kind; seed 0 is free for trying things out


def accuracies(version_dir: Path, each: int = EACH, seed: int = SEED) -> dict[str, float]:
    """By kind (training.data.synthetic_digits), the share read right."""
    form = read_manifest(version_dir).image
    found = {}
    for kind in synthetic_digits.KINDS:
        files, digits = zip(*synthetic_digits.image_files(kind, each, seed), strict=True)
        images = np.stack([prepare(file, form) for file in files])
        shares = inference.outputs(version_dir, inference.batches(images=images))["probabilities"]
        found[kind] = float((shares.argmax(axis=1) == np.array(digits)).mean())
    return found
