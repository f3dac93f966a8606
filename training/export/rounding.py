"""Rounds weights to fewer bits."""

import keras
import numpy as np
from numpy.typing import NDArray


def round_to_bfloat16(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Matrices and kernels rounded to the 7 mantissa bits of bfloat16, still as float32. Vectors are not changed.

    The error is smaller than the noise of training, and `INKPAW_PRECISION=mixed` multiplies with these values anyway.
    Compressed, a servable takes half the space.
    """
    if weights.ndim < 2:
        return weights
    bits = np.ascontiguousarray(weights, np.float32).view(np.uint32)
    return ((bits + np.uint32(0x8000)) & np.uint32(0xFFFF0000)).view(np.float32)


def round_weights(model: keras.Model) -> None:
    """Round all weights of the model with `round_to_bfloat16`."""
    model.set_weights([round_to_bfloat16(weights) for weights in model.get_weights()])
