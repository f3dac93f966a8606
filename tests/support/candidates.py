"""Candidates of small nets with random weights, exported as training exports them."""

from pathlib import Path

import keras
import numpy as np

from training.data.dataset import Dataset, Split
from training.export.outlier_score import extract_features, fit_outlier_score
from training.export.saved_model import export_classifier, export_generator
from training.nets import gan
from training.nets.classifier import build_classifier
from training.recipes.loading import load_recipe
from training.recipes.schema import Recipe
from training.run import Run

SIDE = 12  # of the classifier's images


def make_noise_data(count: int = 60, side: int = SIDE) -> Dataset:
    """Random images of ten classes; the three splits are the same."""
    images = np.random.default_rng(0).integers(0, 256, (count, side, side, 1), np.uint8)
    split = Split.of(images, np.arange(count) % 10)
    return Dataset("any", tuple("0123456789"), "photo", split, split, split)


def make_residual_recipe(*widths: int) -> Recipe:
    """Of a classifier that ends in global average pooling, so that its candidate has `explain`."""
    return load_recipe("digits", [f"net.widths={list(widths)}", "net.depths=[1, 1]", f"data.size={SIDE}"])


def export_small_classifier(folder: Path, data: Dataset, recipe: Recipe) -> tuple[Path, keras.Model]:
    """(the candidate, its net)."""
    keras.utils.set_random_seed(3)
    net = build_classifier(recipe, 1, 10)
    outputs, labels = extract_features(net, data.train, recipe.data.size)
    outlier_score = fit_outlier_score(outputs, labels, outputs)
    return export_classifier(net, 2.0, outlier_score, data, Run(folder, recipe)), net


def export_small_generator(folder: Path, truncation: float) -> Path:
    """The candidate of a generator of 8x8 pixels and two classes; its weights are the same each time."""
    keras.utils.set_random_seed(4)
    split = Split.of(np.zeros((4, 8, 8, 1), np.uint8), np.arange(4) % 2)
    data = Dataset("any", ("0", "1"), "digit", split, split, split)
    recipe = load_recipe("digits-gan", ["net.widths=[8, 4]", f"truncation={truncation}"])
    return export_generator(gan.build_generator(recipe.gan, 8, 1, 2), data, Run(folder, recipe))
