"""The small net that every server is measured with: conv 32, pool, conv 64, pool, dense 128, dense 10.

`python -m tests.bench.small_net make PATH` writes it as a SavedModel with random weights, because speed does not depend
on them. It takes float32 [N,28,28,1] in [0, 1]. `python -m tests.bench.small_net wrap SAVED_MODEL PATH` makes a
servable of such a SavedModel. It takes uint8, like the shipped models.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf
from keras import layers

from service.manifest import MANIFEST_PATH
from training.export import saved_model


def make(path: Path) -> None:
    keras.utils.set_random_seed(0)
    net = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    net.export(path, verbose=False)


def wrap(source: Path, path: Path) -> None:
    loaded = tf.saved_model.load(str(source))  # a reference is needed: it owns the variables of the signature
    signature = loaded.signatures["serving_default"]
    name = next(iter(signature.structured_input_signature[1]))

    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = signature(**{name: tf.cast(images, tf.float32) / 255})
        return {"probabilities": next(iter(outputs.values()))}

    saved_model.write_saved_model(serve, {"images": tf.TensorSpec([None, 28, 28, 1], tf.uint8, "images")}, path)
    image = {"height": 28, "width": 28, "channels": 1, "treatment": "digit"}
    manifest = {"name": "digits", "kind": "classifier", "labels": list("0123456789"), "image": image}
    (path / MANIFEST_PATH).parent.mkdir(parents=True)
    (path / MANIFEST_PATH).write_text(json.dumps(manifest))


if __name__ == "__main__":
    {"make": make, "wrap": wrap}[sys.argv[1]](*map(Path, sys.argv[2:]))  # type: ignore[operator]
