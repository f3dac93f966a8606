"""Mixed precision: the 16-bit float type that suits the device."""

import logging
from typing import Literal

import tensorflow as tf

from service.hardware import has_bfloat16

log = logging.getLogger(__name__)

AMPERE = (8, 0)  # compute capability of the first NVIDIA GPUs that multiply bfloat16


def choose_policy(choice: Literal["full", "mixed"]) -> str:
    """The recipe's `precision` for that choice.

    bfloat16 has the range of float32 and needs no loss scaling. Older GPUs use float16, for which Keras scales the
    loss.
    """
    if choice == "full":
        return "float32"
    gpus = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    any_old = any(details.get("compute_capability", AMPERE) < AMPERE for details in gpus)
    return "mixed_float16" if any_old else "mixed_bfloat16"


def adapt_policy(precision: str) -> str:
    """A recipe's `precision`, or float32 where bfloat16 takes several times longer: a CPU without its instructions.

    Weights are float32 either way, so a run may be resumed on another machine.
    """
    if precision != "mixed_bfloat16" or tf.config.list_physical_devices("GPU") or has_bfloat16():
        return precision
    log.warning("This CPU has no instructions for bfloat16: training in float32, which is faster here.")
    return "float32"
