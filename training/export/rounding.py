"""Rounding of weights: how many bits of them are kept."""

import keras
import numpy as np
from numpy.typing import NDArray


def round_to_bfloat16(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Matrices and kernels rounded to bfloat16's 7 bits of mantissa, as float32 still; vectors as they are.

    That is less than training's own noise, what `INKPAW_PRECISION=mixed` multiplies by anyway, and a servable packs to
    half wherever it is kept.
    """
    if weights.ndim < 2:
        return weights
    bits = np.ascontiguousarray(weights, np.float32).view(np.uint32)
    return ((bits + np.uint32(0x8000)) & np.uint32(0xFFFF0000)).view(np.float32)


def round_weights(model: keras.Model) -> None:
    """Make every weight of the model `short`."""
    model.set_weights([round_to_bfloat16(weights) for weights in model.get_weights()])
