"""How well a classifier reads image files that are not in MNIST's form, through the service's own preparation."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from service.errors import NoDigit
from service.images import ImageInput, prepare
from training.data import pictured_digits
from training.data.dataset import Split
from training.data.synthetic_digits import KINDS, image_files
from training.evaluation.inference import RunModel, batch_inputs, run_servable
from training.export.manifest import read_manifest

COUNT, SEED = 50, 1  # images per digit and kind; experiments may use seed 0
PICTURES = 20  # of MNIST's digits, likewise

Files = Iterable[tuple[bytes, int]]


def measure_accuracies(
    version_dir: Path, count: int = COUNT, seed: int = SEED, run: RunModel = run_servable
) -> dict[str, float]:
    """The accuracy by kind of synthetic digit (training.data.synthetic_digits)."""
    return _measure(version_dir, KINDS, lambda kind: image_files(kind, count, seed), run)


def measure_pictures(
    version_dir: Path, split: Split, count: int = PICTURES, seed: int = SEED, run: RunModel = run_servable
) -> dict[str, float]:
    """The accuracy by kind of picture that shows a digit of that split (training.data.pictured_digits)."""
    kinds = pictured_digits.KINDS
    return _measure(version_dir, kinds, lambda kind: pictured_digits.image_files(kind, split, count, seed), run)


def _measure(
    version_dir: Path, kinds: Iterable[str], make_files: Callable[[str], Files], run: RunModel
) -> dict[str, float]:
    image_input = read_manifest(version_dir).image
    accuracies = {}
    for kind in kinds:
        files, digits = zip(*make_files(kind), strict=True)
        images = np.stack([_prepare(file, image_input) for file in files])
        probabilities = run(version_dir, batch_inputs(images=images))["probabilities"]
        is_right = (probabilities.argmax(axis=1) == np.array(digits)) & images.any(axis=(1, 2, 3))
        accuracies[kind] = float(is_right.mean())
    return accuracies


def _prepare(file: bytes, image_input: ImageInput) -> np.ndarray:
    """Zeros where the service would find no digit: that is a wrong answer."""
    try:
        return prepare(file, image_input)
    except NoDigit:
        return np.zeros((image_input.height, image_input.width, image_input.channels), np.uint8)
