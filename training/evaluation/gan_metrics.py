"""A generator's samples, and what classifiers make of them (GAN-test and GAN-train, Shmelkov et al. 2018)."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.data import Dataset, Split
from training.evaluation import inference
from training.export.temperature import predict_logits
from training.fit.model_ema import WeightAverage
from training.fit.optimisers import build_optimiser
from training.input.pipeline import steps_per_epoch, training_batches
from training.nets.classifier import build_classifier
from training.recipes.schema import Recipe

Images = NDArray[np.uint8]
Labels = NDArray[np.int32]


def draw_samples(version_dir: Path, count: int, classes: int, first_seed: int = 0) -> tuple[Images, Labels]:
    """(images [count,H,W,C], the labels asked for), every label as often, from seeds that follow one another."""
    seeds = first_seed + np.arange(count, dtype=np.int64)
    labels = (seeds % classes).astype(np.int32)
    asked = inference.batches(seeds=seeds, labels=labels, truncation=np.ones(count, np.float32))
    return inference.outputs(version_dir, asked)["images"], labels


def check_labels(judge_dir: Path, images: Images, labels: Labels) -> NDArray[np.bool_]:
    """GAN-test, sample by sample: whether a classifier of real images reads it as the label asked for."""
    shares = inference.outputs(judge_dir, inference.batches(images=images))["probabilities"]
    right: NDArray[np.bool_] = shares.argmax(axis=1) == labels
    return right


def gan_train_accuracy(images: Images, labels: Labels, data: Dataset, recipe: Recipe) -> float:
    """GAN-train: the accuracy, on real test images, of a classifier that was trained on nothing but these samples."""
    keras.utils.set_random_seed(recipe.seed)
    keras.mixed_precision.set_global_policy("float32")
    lessons = replace(data, train=Split.of(images, labels))
    steps = steps_per_epoch(lessons, recipe)
    pupil = build_classifier(recipe, images.shape[3], len(data.classes))
    pupil.compile(
        build_optimiser(recipe.optimiser, steps, recipe.epochs),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing),
    )
    average = WeightAverage(pupil, recipe.ema)
    batches = training_batches(lessons, recipe, first_epoch=0)
    pupil.fit(batches, epochs=recipe.epochs, steps_per_epoch=steps, callbacks=[average], verbose=2)
    with average.as_weights():
        said = predict_logits(pupil, data.test).argmax(axis=1)
    return float((said == data.test.labels).mean())


def frechet_distance(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """The Frechet distance between two clouds of features, each taken for a normal one (Heusel et al. 2017).

    Of features [N,D] and [M,D]: 0 for the same mean and covariance; few rows make it larger.
    """
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    spread_a, spread_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    # the trace of the square root of a product of two covariances is the sum of the roots of its eigenvalues
    shared = np.sqrt(np.clip(np.linalg.eigvals(spread_a @ spread_b).real, 0, None)).sum()
    apart = np.square(a.mean(axis=0) - b.mean(axis=0)).sum()
    return float(apart + np.trace(spread_a) + np.trace(spread_b) - 2 * shared)


def nearest_images(images: Images, among: Split, count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """([N,count], [N,count]): the nearest images of the split and how far they are, per pixel (root mean square)."""
    flat = images.reshape(len(images), -1).astype(np.float32)
    known = among.images().reshape(len(among), -1).astype(np.float32)
    squares = (flat**2).sum(1)[:, None] - 2 * flat @ known.T + (known**2).sum(1)[None]
    near = np.argsort(squares, axis=1)[:, :count]
    away = np.sqrt(np.clip(np.take_along_axis(squares, near, 1), 0, None) / flat.shape[1])
    return near, away.astype(np.float64)


def typical_distance(images: Images, among: Split) -> float:
    """How far, per pixel, the nearest image of the split is from each of these, in the middle of all of them."""
    return float(np.median(nearest_images(images, among, 1)[1]))


def draw_nearest(images: Images, among: Split, path: Path, scale: int = 2) -> None:
    """A picture: each sample, and under it, framed off, the three training images nearest to it."""
    near, _ = nearest_images(images, among, 3)
    gap = np.full((4, images.shape[2] * len(images)), 128, np.uint8)
    lines = [images, *(among.images(near[:, at]) for at in range(3))]
    strips = [np.concatenate(list(line[..., 0]), axis=1) for line in lines]
    sheet = Image.fromarray(np.concatenate([strips[0], gap, *strips[1:]]))
    sheet.resize((sheet.width * scale, sheet.height * scale), Image.Resampling.NEAREST).save(path, optimize=True)
