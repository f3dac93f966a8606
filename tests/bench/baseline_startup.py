"""What an ordinary script does before it can serve: import, load, warm. 

`python -m tests.bench.baseline_startup MODELS [SIZE ...]`.

Prints a line once the newest version of every model has run each of these batch sizes, and ends when its input does.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

from tests.bench.served_models import newest


def main(models: str, *sizes: str) -> None:
    kept = []
    for folder in sorted(Path(models).iterdir()):
        loaded = tf.saved_model.load(str(newest(folder.parent, folder.name)))
        signature = loaded.signatures["serving_default"]
        for size in map(int, sizes):
            specs = signature.structured_input_signature[1]
            signature(**{name: tf.zeros([size, *spec.shape[1:]], spec.dtype) for name, spec in specs.items()})
        kept.append(loaded)
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
