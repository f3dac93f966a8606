"""A generator's samples, and what classifiers make of them (GAN-test and GAN-train, Shmelkov et al. 2018)."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from training.data import Dataset
from training.data.dataset import whole
from training.evaluation import inference as saved
from training.export.temperature import logits
from training.fit import optimisers as optimise
from training.fit.model_ema import Average
from training.input import pipeline as feed
from training.nets import classifier
from training.recipes.loading import Recipe

Images = NDArray[np.uint8]
Labels = NDArray[np.int32]


def draw(version_dir: Path, count: int, classes: int, first_seed: int = 0) -> tuple[Images, Labels]:
    """(images [count,H,W,C], the labels asked for), every label as often, from seeds that follow one another."""
    seeds = first_seed + np.arange(count, dtype=np.int64)
    labels = (seeds % classes).astype(np.int32)
    asked = saved.batches(seeds=seeds, labels=labels, truncation=np.ones(count, np.float32))
    return saved.outputs(version_dir, asked)["images"], labels


def read_as_label(judge_dir: Path, images: Images, labels: Labels) -> NDArray[np.bool_]:
    """GAN-test, sample by sample: whether a classifier of real images reads it as the label asked for."""
    shares = saved.outputs(judge_dir, saved.batches(images=images))["probabilities"]
    right: NDArray[np.bool_] = shares.argmax(axis=1) == labels
    return right


def taught(images: Images, labels: Labels, data: Dataset, recipe: Recipe) -> float:
    """GAN-train: the accuracy, on real test images, of a classifier that was trained on nothing but these samples."""
    keras.utils.set_random_seed(recipe.seed)
    keras.mixed_precision.set_global_policy("float32")
    lessons = replace(data, train=whole(images, labels))
    steps = feed.steps(lessons, recipe)
    pupil = classifier(recipe, images.shape[3], len(data.classes))
    pupil.compile(
        optimise.optimiser(recipe.optimiser, steps, recipe.epochs),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing),
    )
    average = Average(pupil, recipe.ema)
    batches = feed.training(lessons, recipe, first_epoch=0)
    pupil.fit(batches, epochs=recipe.epochs, steps_per_epoch=steps, callbacks=[average], verbose=2)
    with average.in_place():
        said = logits(pupil, data.test).argmax(axis=1)
    return float((said == data.test.labels).mean())
