"""The small net that the digit lines are measured with, as a servable: `python -m tests.bench.small SAVED_MODEL INTO`.

The SavedModel takes float32 [N,28,28,1] in [0, 1], as the peers' does; the servable takes uint8, as ours do.
"""

import json
import sys
from pathlib import Path

import tensorflow as tf

from training import export


def wrap(source: Path, into: Path) -> None:
    loaded = tf.saved_model.load(str(source))  # kept: it holds the variables that the signature reads
    signature = loaded.signatures["serving_default"]
    name = next(iter(signature.structured_input_signature[1]))

    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = signature(**{name: tf.cast(images, tf.float32) / 255})
        return {"probabilities": next(iter(outputs.values()))}

    export.save(serve, {"images": tf.TensorSpec([None, 28, 28, 1], tf.uint8, "images")}, into)
    image = {"height": 28, "width": 28, "channels": 1, "treatment": "digit"}
    body = {"name": "digits", "kind": "classifier", "labels": list("0123456789"), "image": image}
    export.manifest_path(into).parent.mkdir(parents=True)
    export.manifest_path(into).write_text(json.dumps(body))


if __name__ == "__main__":
    wrap(Path(sys.argv[1]), Path(sys.argv[2]))
