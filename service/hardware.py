"""What the machine offers: cores, devices, bfloat16. Read without TensorFlow, which neither master nor workers hold."""

import importlib.util
import math
import os
from pathlib import Path

CPU = "cpu"

_CGROUP_V2 = Path("/sys/fs/cgroup/cpu.max")
_CGROUP_V1 = Path("/sys/fs/cgroup/cpu")
_MEMINFO = Path("/proc/meminfo")
_MEMORY_V2 = Path("/sys/fs/cgroup/memory.max")
_MEMORY_V1 = Path("/sys/fs/cgroup/memory")
_CPUINFO = Path("/proc/cpuinfo")
_NVIDIA = Path("/proc/driver/nvidia/gpus")
_UNLISTED_GPUS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd", "/dev/nvhost-gpu")  # sandboxes, WSL, AMD, Jetson
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"


def count_cores() -> int:
    """Cores that this process may use, by the scheduler and by its control group's quota; at least 1."""
    return max(1, math.ceil(min(len(os.sched_getaffinity(0)), _read_cpu_quota())))


def _read_cpu_quota() -> float:
    """The control group's quota in cores; infinite if there is none."""
    try:
        if _CGROUP_V2.exists():
            quota, period = _CGROUP_V2.read_text().split()
        else:
            quota, period = ((_CGROUP_V1 / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return int(quota) / int(period) if quota != "max" and int(quota) > 0 else math.inf
    except (OSError, ValueError):
        return math.inf


def measure_free_memory() -> float:
    """Bytes that this process may still take, by the machine and by its control group's limit; infinite if unknown."""
    try:
        line = next(line for line in _MEMINFO.read_text().splitlines() if line.startswith("MemAvailable:"))
        machine = int(line.split()[1]) * 1024.0
    except (OSError, ValueError, StopIteration):
        machine = math.inf
    return max(0.0, min(machine, _read_cgroup_memory()))


def _read_cgroup_memory() -> float:
    """What the control group's limit leaves; its page cache counts as free."""
    v2 = _MEMORY_V2.exists()
    folder = _MEMORY_V2.parent if v2 else _MEMORY_V1
    names = ("memory.max", "memory.current") if v2 else ("memory.limit_in_bytes", "memory.usage_in_bytes")
    prefix = "" if v2 else "total_"
    try:
        limit, used = ((folder / name).read_text().strip() for name in names)
        if limit == "max":
            return math.inf
        pairs = (line.split() for line in (folder / "memory.stat").read_text().splitlines())
        stat = {name: int(value) for name, value in pairs}
        return int(limit) - int(used) + stat[f"{prefix}inactive_file"] + stat[f"{prefix}active_file"]
    except (OSError, ValueError, KeyError):
        return math.inf


def has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 itself; without such instructions it takes longer than in float32."""
    try:
        lines = _CPUINFO.read_text().splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not _BFLOAT16_FLAGS.isdisjoint(flags.split())


def list_devices(setting: str) -> tuple[str, ...]:
    """One engine process runs per device. `auto`: every GPU that the driver shows, else one CPU.

    Otherwise those that are named, as in `gpu:0,gpu:1` or `cpu,cpu`.
    """
    if setting != "auto":
        return tuple(setting.split(","))
    return tuple(f"gpu:{index}" for index in range(_count_gpus())) or (CPU,)


def find_missing_gpu(setting: str) -> str:
    """The first of the named devices that this machine surely does not have; empty if there is none."""
    gpus = _count_gpus()
    if not gpus and any(Path(path).exists() for path in _UNLISTED_GPUS):
        return ""
    return next(
        (device for device in list_devices(setting) if device != CPU and int(device.partition(":")[2]) >= gpus), ""
    )


def has_tensorflow() -> bool:
    """Whether TensorFlow is installed."""
    return importlib.util.find_spec("tensorflow") is not None


def _count_gpus() -> int:
    """GPUs that the driver shows."""
    return len(list(_NVIDIA.iterdir())) if _NVIDIA.is_dir() else 0


def make_environment(device: str) -> dict[str, str]:
    """The environment variables that an engine of that device needs before it imports TensorFlow."""
    if device != CPU:
        return {"CUDA_VISIBLE_DEVICES": device.partition(":")[2]}
    # TensorFlow takes oneDNN's convolutions by itself only where there is AVX-512; they are quicker on other CPUs too
    return {"CUDA_VISIBLE_DEVICES": "-1", _ONEDNN: os.environ.get(_ONEDNN, "1")}
