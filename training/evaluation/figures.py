"""The final figures of a servable, measured through its signatures, as any server would run it.

The functions that take `run` measure the SavedModel, or with `run_form` its LiteRT form."""

from pathlib import Path
from typing import Any

import numpy as np

from training.data import Dataset, Split
from training.evaluation import photo_variants, synthetic_digits
from training.evaluation.accuracy import Figures, compute_figures
from training.evaluation.deletion import measure_deletion
from training.evaluation.gan_metrics import (
    check_labels,
    compute_frechet_distance,
    compute_typical_distance,
    draw_samples,
    measure_gan_train_accuracy,
)
from training.evaluation.inference import (
    RunModel,
    extract_servable_features,
    has_signature,
    iterate_images,
    run_servable,
)
from training.evaluation.out_of_distribution import measure_aurocs
from training.export.signatures import EXPLAIN
from training.recipes.loading import load_recipe

GAN_TRAIN_RECIPE = "mnist-pupil"  # of the classifier that is trained on samples alone
GAN_TEST_SAMPLES, GAN_TRAIN_SAMPLES = 10_000, 60_000  # their seeds do not overlap


def measure_classifier(version_dir: Path, split: Split, run: RunModel = run_servable) -> Figures:
    outputs = run(version_dir, iterate_images(split))
    return compute_figures(outputs["probabilities"], split.labels)


def measure_robustness(version_dir: Path, data: Dataset, run: RunModel = run_servable) -> dict[str, Any]:
    """Figures on other pictures: `outliers` by source (AUROC), `hands` and `photos` by kind of picture (accuracy).

    `outliers` needs a classifier with an `outlier_score`, `hands` one for MNIST, and `photos` one for cats and dogs;
    else the key is missing.
    """
    robustness: dict[str, Any] = {}
    outputs = run(version_dir, iterate_images(data.test))
    if "outlier_score" in outputs:
        robustness["outliers"] = measure_aurocs(version_dir, outputs["outlier_score"], data, run)
    if data.name == "mnist":
        robustness["hands"] = synthetic_digits.measure_accuracies(version_dir, run=run)
    if data.name == "cats-dogs":
        robustness["photos"] = photo_variants.measure_accuracies(version_dir, run=run)
    return robustness


def measure_explanations(version_dir: Path, split: Split) -> dict[str, Any]:
    """`deletion`: how far confidence falls without the hottest tenth of a picture, and without a random tenth.

    Empty for a classifier that has no `explain`.
    """
    return {"deletion": measure_deletion(version_dir, split)} if has_signature(version_dir, EXPLAIN) else {}


def measure_generator(
    version_dir: Path, judge_dir: Path, data: Dataset, run: RunModel = run_servable
) -> dict[str, Any]:
    """Figures of 10,000 samples (or one per test image, if there are fewer), from seeds that training never used.

    The judge is a classifier of real images. `read_as_label` is the share of samples that it reads as the requested
    label. `frechet` is the distance of the samples' features from those of the test images, and `frechet_real` that of
    the same number of training images.
    """
    count = min(GAN_TEST_SAMPLES, len(data.test))
    images, labels = draw_samples(version_dir, count, len(data.classes), run=run)
    correct = check_labels(judge_dir, images, labels)
    test_features = extract_servable_features(judge_dir, data.test.images())
    train_images = data.train.images(np.sort(np.random.default_rng(0).permutation(len(data.train))[:count]))
    return {
        "samples": count,
        "judge": f"{judge_dir.parent.name} version {judge_dir.name}",
        "read_as_label": float(correct.mean()),
        "by_label": [float(correct[labels == label].mean()) for label in range(len(data.classes))],
        "frechet": compute_frechet_distance(extract_servable_features(judge_dir, images), test_features),
        "frechet_real": compute_frechet_distance(extract_servable_features(judge_dir, train_images), test_features),
    }


def measure_gan_train(version_dir: Path, data: Dataset) -> dict[str, Any]:
    """How well a classifier learns from a generator's samples, and whether the generator copies. Takes minutes.

    `taught` is the accuracy on real test images of a classifier that was trained on 60,000 samples alone. `nearest` is
    the typical distance to the nearest training image, in grey levels per pixel, for samples and for test images.
    """
    images, labels = draw_samples(version_dir, GAN_TRAIN_SAMPLES, len(data.classes), first_seed=GAN_TEST_SAMPLES)
    return {
        "lessons": GAN_TRAIN_SAMPLES,
        "taught": measure_gan_train_accuracy(images, labels, data, load_recipe(GAN_TRAIN_RECIPE)),
        "nearest": {
            "samples": compute_typical_distance(images[:1000], data.train),
            "test images": compute_typical_distance(data.test.images(slice(0, 1000)), data.train),
        },
    }
