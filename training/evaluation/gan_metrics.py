"""Draws a generator's samples and measures them with classifiers (GAN-test and GAN-train, Shmelkov et al. 2018)."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.data import Dataset, Split
from training.evaluation.inference import RunModel, batch_inputs, run_servable
from training.export.temperature import predict_logits
from training.fit.model_ema import WeightAverage
from training.fit.optimisers import build_optimiser
from training.input.pipeline import steps_per_epoch, training_batches
from training.nets.classifier import build_classifier
from training.recipes.schema import Recipe

Images = NDArray[np.uint8]
Labels = NDArray[np.int32]


def draw_samples(
    version_dir: Path, count: int, classes: int, first_seed: int = 0, run: RunModel = run_servable
) -> tuple[Images, Labels]:
    """(images [count,H,W,C], requested labels [count]), from consecutive seeds; the labels take turns."""
    seeds = first_seed + np.arange(count, dtype=np.int64)
    labels = (seeds % classes).astype(np.int32)
    batches = batch_inputs(seeds=seeds, labels=labels, truncation=np.ones(count, np.float32))
    return run(version_dir, batches)["images"], labels


def check_labels(judge_dir: Path, images: Images, labels: Labels) -> NDArray[np.bool_]:
    """GAN-test: for each sample, whether a classifier of real images reads it as the requested label."""
    probabilities = run_servable(judge_dir, batch_inputs(images=images))["probabilities"]
    correct: NDArray[np.bool_] = probabilities.argmax(axis=1) == labels
    return correct


def measure_gan_train_accuracy(images: Images, labels: Labels, data: Dataset, recipe: Recipe) -> float:
    """GAN-train: the accuracy on real test images of a classifier that was trained on these samples alone."""
    keras.utils.set_random_seed(recipe.seed)
    keras.mixed_precision.set_global_policy("float32")
    samples = replace(data, train=Split.of(images, labels))
    steps = steps_per_epoch(samples, recipe)
    model = build_classifier(recipe, images.shape[3], len(data.classes))
    model.compile(
        build_optimiser(recipe.optimiser, steps, recipe.epochs),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing),
    )
    average = WeightAverage(model, recipe.ema)
    batches = training_batches(samples, recipe, first_epoch=0)
    model.fit(batches, epochs=recipe.epochs, steps_per_epoch=steps, callbacks=[average], verbose=2)
    with average.as_weights():
        predicted = predict_logits(model, data.test).argmax(axis=1)
    return float((predicted == data.test.labels).mean())


def compute_frechet_distance(features_a: NDArray[np.floating], features_b: NDArray[np.floating]) -> float:
    """The Frechet distance between features [N,D] and [M,D], each taken as normally distributed (Heusel et al. 2017).

    0 for the same mean and covariance. The fewer rows, the larger it is.
    """
    a, b = np.asarray(features_a, np.float64), np.asarray(features_b, np.float64)
    covariance_a, covariance_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    # the trace of the square root of a product of two covariances is the sum of the roots of its eigenvalues
    shared = np.sqrt(np.clip(np.linalg.eigvals(covariance_a @ covariance_b).real, 0, None)).sum()
    between_means = np.square(a.mean(axis=0) - b.mean(axis=0)).sum()
    return float(between_means + np.trace(covariance_a) + np.trace(covariance_b) - 2 * shared)


def find_nearest_images(images: Images, split: Split, count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(indices [N,count], distances [N,count]) of the nearest images of the split, nearest first.

    A distance is the root mean square over the pixels, in grey levels.
    """
    flat = images.reshape(len(images), -1).astype(np.float32)
    others = split.images().reshape(len(split), -1).astype(np.float32)
    squares = (flat**2).sum(1)[:, None] - 2 * flat @ others.T + (others**2).sum(1)[None]
    nearest = np.argsort(squares, axis=1)[:, :count]
    distances = np.sqrt(np.clip(np.take_along_axis(squares, nearest, 1), 0, None) / flat.shape[1])
    return nearest, distances.astype(np.float64)


def compute_typical_distance(images: Images, split: Split) -> float:
    """The median distance from these images to the nearest image of the split, in grey levels per pixel."""
    return float(np.median(find_nearest_images(images, split, 1)[1]))


def draw_nearest(images: Images, split: Split, path: Path, scale: int = 2) -> None:
    """Draw each sample and, below a grey line, the three images of the split that are nearest to it."""
    nearest, _ = find_nearest_images(images, split, 3)
    gap = np.full((4, images.shape[2] * len(images)), 128, np.uint8)
    rows = [images, *(split.images(nearest[:, rank]) for rank in range(3))]
    strips = [np.concatenate(list(row[..., 0]), axis=1) for row in rows]
    sheet = Image.fromarray(np.concatenate([strips[0], gap, *strips[1:]]))
    sheet.resize((sheet.width * scale, sheet.height * scale), Image.Resampling.NEAREST).save(path, optimize=True)
