"""How many cores this process may use: what the scheduler allows, and the quota of its control group."""

import math
import os
from pathlib import Path

_V2 = Path("/sys/fs/cgroup/cpu.max")
_V1 = Path("/sys/fs/cgroup/cpu")


def _quota() -> float:
    """Cores' worth of time that the control group grants; infinite if it grants all."""
    try:
        if _V2.exists():
            granted, period = _V2.read_text().split()
        else:
            granted, period = ((_V1 / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return int(granted) / int(period) if granted != "max" and int(granted) > 0 else math.inf
    except (OSError, ValueError):
        return math.inf


def cores() -> int:
    """At least 1; a container granted half a core still needs a worker."""
    return max(1, math.ceil(min(len(os.sched_getaffinity(0)), _quota())))
