"""The devices to run on, an engine process each. Known without TensorFlow: neither master nor workers have it."""

from pathlib import Path

CPU = "cpu"
_NVIDIA = Path("/proc/driver/nvidia/gpus")


def listed(setting: str) -> tuple[str, ...]:
    """`auto`: every GPU that the driver shows, else one CPU; or those named, as in `gpu:0,gpu:1` or `cpu,cpu`."""
    if setting != "auto":
        return tuple(setting.split(","))
    gpus = len(list(_NVIDIA.iterdir())) if _NVIDIA.is_dir() else 0
    return tuple(f"gpu:{index}" for index in range(gpus)) or (CPU,)


def environment(device: str) -> dict[str, str]:
    """What an engine of that device must have in its environment before it imports TensorFlow."""
    return {"CUDA_VISIBLE_DEVICES": "-1" if device == CPU else device.partition(":")[2]}
