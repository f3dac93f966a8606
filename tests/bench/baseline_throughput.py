"""The same work in one plain process with every core and no HTTP: the best that a service around it could do.

`python -m tests.bench.baseline_throughput KIND SAVED_MODEL [FILE ...]` reads seconds, line by line, and prints items a second for
each, measured for so long; between lines it rests, so rounds of it and of the service can take turns.
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


def _decode_and_run(model: Path, files: list[str]) -> Callable[[], int]:
    loaded = tf.saved_model.load(str(model))
    signature = loaded.signatures["serving_default"]
    known = read_manifest(model)
    assert known is not None
    form = known.image
    bodies = [Path(file).read_bytes() for file in files]
    pool = ThreadPoolExecutor()

    def once() -> int:
        parts = pool.map(lambda body: prepare(body, form), bodies)
        signature(images=tf.constant(np.stack(list(parts))))["probabilities"].numpy()
        return len(bodies)

    return once


def _tensor(model: Path, rows: int) -> Callable[[], int]:
    loaded = tf.saved_model.load(str(model))
    signature = loaded.signatures["serving_default"]
    shape = signature.structured_input_signature[1]["images"].shape[1:]
    images = np.random.default_rng(0).integers(0, 255, (rows, *shape), np.uint8)

    def once() -> int:
        signature(images=tf.constant(images))["probabilities"].numpy()
        return rows

    return once


def _samples(model: Path, rows: int) -> Callable[[], int]:
    loaded = tf.saved_model.load(str(model))
    signature = loaded.signatures["serving_default"]

    def once() -> int:
        seeds, labels = tf.range(rows, dtype=tf.int64), tf.fill([rows], -1)
        signature(seeds=seeds, labels=labels, truncation=tf.ones([rows]))["images"].numpy()
        return rows

    return once


def _rate(once: Callable[[], int], seconds: float) -> float:
    started, done = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        done += once()
    return done / (time.perf_counter() - started)


def main(kind: str, model: str, *files: str) -> None:
    makers = {
        "images": lambda: _decode_and_run(Path(model), list(files)),
        "tensor": lambda: _tensor(Path(model), 256),
        "samples": lambda: _samples(Path(model), 256),
    }
    once = makers[kind]()
    for _ in range(3):
        once()
    for seconds in sys.stdin:
        print(_rate(once, float(seconds)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
