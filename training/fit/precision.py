"""Which 16-bit floats suit the device that is here, and how many bits of a weight are kept."""

import logging
from typing import Literal

import tensorflow as tf

from service import bfloat16

log = logging.getLogger(__name__)

AMPERE = (8, 0)  # the first NVIDIA GPUs that multiply bfloat16


def policy(choice: Literal["full", "mixed"]) -> str:
    """The recipe's `precision` for that choice.

    bfloat16 has float32's range and needs no scaling of the loss. GPUs before it have float16, whose loss Keras scales.
    """
    if choice == "full":
        return "float32"
    found = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    old = any(details.get("compute_capability", AMPERE) < AMPERE for details in found)
    return "mixed_float16" if old else "mixed_bfloat16"


def here(precision: str) -> str:
    """A recipe's `precision`, but float32 where bfloat16 would take several times as long: a CPU that does not have it.

    Weights are float32 either way, so a run may go on elsewhere.
    """
    if precision != "mixed_bfloat16" or tf.config.list_physical_devices("GPU") or bfloat16.multiplies():
        return precision
    log.warning("This CPU has no instructions for bfloat16: training in float32, which is quicker here.")
    return "float32"
