"""The baseline for throughput: the same work in one process with all cores and no HTTP, the best for any service.

`python -m tests.bench.baseline_throughput KIND SAVED_MODEL [FILE ...]` reads seconds from standard input, line by line.
For each line it measures for that long and prints items per second. It rests between lines, so its rounds and those of
the service can take turns.
"""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

from service.images import prepare
from service.manifest import read_manifest

WorkFunction = Callable[[], int]  # does the work once and returns the number of items


def _prepare_images_work(model: Path, files: list[str]) -> WorkFunction:
    """Decodes the images with a thread pool and classifies them as one batch."""
    loaded = tf.saved_model.load(str(model))
    signature = loaded.signatures["serving_default"]
    manifest = read_manifest(model)
    assert manifest is not None
    image_input = manifest.image
    bodies = [Path(file).read_bytes() for file in files]
    pool = ThreadPoolExecutor()

    def work() -> int:
        images = pool.map(lambda body: prepare(body, image_input), bodies)
        signature(images=tf.constant(np.stack(list(images))))["probabilities"].numpy()
        return len(bodies)

    return work


def _prepare_tensor_work(model: Path, rows: int) -> WorkFunction:
    """Classifies random images as one batch."""
    loaded = tf.saved_model.load(str(model))
    signature = loaded.signatures["serving_default"]
    shape = signature.structured_input_signature[1]["images"].shape[1:]
    images = np.random.default_rng(0).integers(0, 255, (rows, *shape), np.uint8)

    def work() -> int:
        signature(images=tf.constant(images))["probabilities"].numpy()
        return rows

    return work


def _prepare_samples_work(model: Path, rows: int) -> WorkFunction:
    """Generates images as one batch."""
    loaded = tf.saved_model.load(str(model))
    signature = loaded.signatures["serving_default"]

    def work() -> int:
        seeds, labels = tf.range(rows, dtype=tf.int64), tf.fill([rows], -1)
        signature(seeds=seeds, labels=labels, truncation=tf.ones([rows]))["images"].numpy()
        return rows

    return work


def _measure_rate(work: WorkFunction, seconds: float) -> float:
    start, items = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        items += work()
    return items / (time.perf_counter() - start)


def main(kind: str, model: str, *files: str) -> None:
    kinds = {
        "images": lambda: _prepare_images_work(Path(model), list(files)),
        "tensor": lambda: _prepare_tensor_work(Path(model), 256),
        "samples": lambda: _prepare_samples_work(Path(model), 256),
    }
    work = kinds[kind]()
    for _ in range(3):
        work()
    for line in sys.stdin:
        print(_measure_rate(work, float(line)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
