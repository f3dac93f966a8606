"""The final figures of a servable, through its SavedModel and its signature alone, as any server would run it."""

from pathlib import Path
from typing import Any

import numpy as np

from training.data import Dataset, Split
from training.evaluation import accuracy, inference, out_of_distribution, synthetic_digits
from training.evaluation.accuracy import Figures
from training.evaluation.gan_metrics import (
    check_labels,
    draw_samples,
    frechet_distance,
    gan_train_accuracy,
    typical_distance,
)
from training.recipes.loading import load_recipe

PUPIL = "mnist-pupil"  # the recipe of the classifier that learns from samples alone
SAMPLES, LESSONS = 10_000, 60_000  # to look at; to learn from, of other seeds


def measure_classifier(version_dir: Path, split: Split) -> Figures:
    outputs = inference.outputs(version_dir, inference.images(split))
    return accuracy.figures(outputs["probabilities"], split.labels)


def measure_robustness(version_dir: Path, data: Dataset) -> dict[str, Any]:
    """What a classifier makes of pictures from elsewhere: `outliers` by source (AUROC), `hands` by kind (accuracy).

    Of what it can say: an `outlier_score` it may not have, and only a net of MNIST's reads digits.
    """
    found: dict[str, Any] = {}
    outputs = inference.outputs(version_dir, inference.images(data.test))
    if "outlier_score" in outputs:
        found["outliers"] = out_of_distribution.aurocs(version_dir, outputs["outlier_score"], data)
    if data.name == "mnist":
        found["hands"] = synthetic_digits.accuracies(version_dir)
    return found


def measure_generator(version_dir: Path, judge_dir: Path, data: Dataset) -> dict[str, Any]:
    """What a classifier of real images makes of 10,000 samples (as many as there are test images, where these are
    fewer), of seeds that training never used.

    `read_as_label` is the share that it reads as the label asked for; `frechet` the distance of their features from
    those of the test images, `frechet_real` that of as many training images.
    """
    count = min(SAMPLES, len(data.test))
    images, labels = draw_samples(version_dir, count, len(data.classes))
    right = check_labels(judge_dir, images, labels)
    real = inference.features(judge_dir, data.test.images())
    known = data.train.images(np.sort(np.random.default_rng(0).permutation(len(data.train))[:count]))
    return {
        "samples": count,
        "judge": f"{judge_dir.parent.name} version {judge_dir.name}",
        "read_as_label": float(right.mean()),
        "by_label": [float(right[labels == label].mean()) for label in range(len(data.classes))],
        "frechet": frechet_distance(inference.features(judge_dir, images), real),
        "frechet_real": frechet_distance(inference.features(judge_dir, known), real),
    }


def measure_gan_train(version_dir: Path, data: Dataset) -> dict[str, Any]:
    """What can be learned from a generator, and whether it copies; minutes of training.

    `taught` is the accuracy on real test images of a classifier that saw 60,000 samples and nothing else; `nearest` how
    far, per pixel of 255, the nearest training image is from a sample and, beside it, from a test image.
    """
    images, labels = draw_samples(version_dir, LESSONS, len(data.classes), first_seed=SAMPLES)
    return {
        "lessons": LESSONS,
        "taught": gan_train_accuracy(images, labels, data, load_recipe(PUPIL)),
        "nearest": {
            "samples": typical_distance(images[:1000], data.train),
            "test images": typical_distance(data.test.images(slice(0, 1000)), data.train),
        },
    }
