"""What every peer does with a request: decode the PNG and run the SavedModel. Each peer has its own environment."""

import io
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from PIL import Image

MODEL, PORT = os.environ["BENCH_MODEL"], int(os.environ["BENCH_PORT"])
SIZES = (1, 2, 4, 8, 16, 32)


def decode(png: bytes) -> np.ndarray:
    """The pixels, uint8 [28,28]."""
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("L"))


class Net:
    """The SavedModel, warmed for a few batch sizes."""

    def __init__(self) -> None:
        self._loaded = tf.saved_model.load(MODEL)  # a reference is needed: it owns the variables
        self._run = self._loaded.signatures["serving_default"]
        (self._name,) = self._run.structured_input_signature[1]
        for size in SIZES:
            self(np.zeros((size, 28, 28), np.uint8))

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """The probabilities, float32 [N,10], for uint8 [N,28,28]."""
        scaled = np.asarray(images, np.float32)[..., np.newaxis] / 255
        (output,) = self._run(**{self._name: tf.constant(scaled)}).values()
        return output.numpy()
