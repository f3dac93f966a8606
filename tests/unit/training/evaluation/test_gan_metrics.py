from collections.abc import Callable
from pathlib import Path

import numpy as np

from training.evaluation.gan_metrics import check_labels, draw_samples


def test_labels_are_balanced_and_a_seed_gives_the_same_sample(
    build_model: Callable[[str], Path],
) -> None:
    images, labels = draw_samples(build_model("blot"), 230, 10)
    assert images.shape == (230, 28, 28, 1) and np.bincount(labels).tolist() == [23] * 10
    later, _ = draw_samples(build_model("blot"), 30, 10, first_seed=200)
    np.testing.assert_array_equal(later, images[200:])


def test_judge_checks_each_sample(build_model: Callable[[str], Path]) -> None:
    """The judge is `brittle`, whose label is the second pixel."""
    images = np.zeros((4, 28, 28, 1), np.uint8)
    images[:, 0, 1, 0] = [3, 5, 5, 9]
    correct = check_labels(build_model("brittle"), images, np.array([3, 5, 6, 9], np.int32))
    assert correct.tolist() == [True, True, False, True]
