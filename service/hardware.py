"""The devices to run on, an engine process each. Known without TensorFlow: neither master nor workers have it."""

import os
from pathlib import Path

CPU = "cpu"
_NVIDIA = Path("/proc/driver/nvidia/gpus")
_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"


def listed(setting: str) -> tuple[str, ...]:
    """`auto`: every GPU that the driver shows, else one CPU; or those named, as in `gpu:0,gpu:1` or `cpu,cpu`."""
    if setting != "auto":
        return tuple(setting.split(","))
    gpus = len(list(_NVIDIA.iterdir())) if _NVIDIA.is_dir() else 0
    return tuple(f"gpu:{index}" for index in range(gpus)) or (CPU,)


def environment(device: str) -> dict[str, str]:
    """What an engine of that device must have in its environment before it imports TensorFlow."""
    if device != CPU:
        return {"CUDA_VISIBLE_DEVICES": device.partition(":")[2]}
    # TensorFlow takes oneDNN's convolutions by itself only where there is AVX-512; they are quicker on other CPUs too
    return {"CUDA_VISIBLE_DEVICES": "-1", _ONEDNN: os.environ.get(_ONEDNN, "1")}
