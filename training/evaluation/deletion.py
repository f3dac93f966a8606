"""Whether a classifier's maps show where its answers come from: hide the places, and its confidence must fall.

After the deletion test of Petsiuk et al. 2018, RISE: the hottest tenth of each picture is hidden, in comparison with a
random tenth of the same grain. A hidden pixel gets the picture's median colour.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.data import Split
from training.data.dataset import chunks
from training.evaluation.inference import iterate_images, run_servable
from training.export.signatures import EXPLAIN

HIDDEN = 0.1  # of the pixels


def measure_deletion(version_dir: Path, split: Split) -> dict[str, float]:
    """How far the probability of the answer falls on average: `hottest` and `random`. The version has `explain`."""
    outputs = run_servable(version_dir, iterate_images(split), EXPLAIN)
    answers = outputs["probabilities"].argmax(axis=1)
    rows = np.arange(len(answers))
    heat = outputs["maps"][rows, ..., answers]
    noise = np.random.default_rng(0).normal(size=heat.shape).astype(np.float32)
    confidence = outputs["probabilities"][rows, answers]

    def measure_fall(maps: NDArray[np.float32]) -> float:
        hidden = run_servable(version_dir, ({"images": images} for images in _hide_chunks(split, maps)), EXPLAIN)
        return float((confidence - hidden["probabilities"][rows, answers]).mean())

    return {"hottest": measure_fall(heat), "random": measure_fall(noise)}


def _hide_chunks(split: Split, maps: NDArray[np.float32]) -> Iterator[NDArray[np.uint8]]:
    start = 0
    for images in chunks(split):
        yield hide_hottest(images, maps[start : start + len(images)])
        start += len(images)


def hide_hottest(images: NDArray[np.uint8], maps: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The images [N,H,W,C] without the tenth of their pixels that is hottest in the maps [N,h,w]."""
    count, height, width, channels = images.shape
    heat = tf.image.resize(maps[..., None], (height, width)).numpy().reshape(count, -1)
    hottest = np.argsort(heat, axis=1)[:, -round(HIDDEN * height * width) :]
    hidden = images.reshape(count, -1, channels).copy()
    hidden[np.arange(count)[:, None], hottest] = np.median(hidden, axis=1).astype(np.uint8)[:, None]
    return hidden.reshape(images.shape)
