"""Whether this CPU multiplies bfloat16, floats of 16 bits, by itself: one that does is twice as quick with them."""

from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_FLAGS = {"avx512_bf16", "amx_bf16"}


def multiplies() -> bool:
    """False where it cannot be told; without instructions of its own a CPU takes longer with them."""
    try:
        lines = _CPUINFO.read_text().splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not _FLAGS.isdisjoint(flags.split())
