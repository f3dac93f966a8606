"""The baseline for starting: a script that imports TensorFlow, loads the models and warms them, without a service.

`python -m tests.bench.baseline_startup MODELS [SIZE ...]` runs each batch size on the newest version of every model,
prints `ready`, and ends when its standard input is closed.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

from tests.bench.served_models import find_newest_version


def main(models: str, *sizes: str) -> None:
    loaded_models = []  # holds the models in memory, which is measured
    for folder in sorted(Path(models).iterdir()):
        loaded = tf.saved_model.load(str(find_newest_version(folder.parent, folder.name)))
        signature = loaded.signatures["serving_default"]
        for size in map(int, sizes):
            specs = signature.structured_input_signature[1]
            signature(**{name: tf.zeros([size, *spec.shape[1:]], spec.dtype) for name, spec in specs.items()})
        loaded_models.append(loaded)
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
