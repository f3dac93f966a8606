"""What processes take of the machine, read from /proc."""

import os
from collections.abc import Iterable
from pathlib import Path

MB = 1e6
_TICK = os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """RSS, in MB: pages that other processes have too are counted whole."""
    return _rollup(pid, "Rss")


def proportional(pid: int) -> float:
    """PSS, in MB: a page that n processes share is counted as an n-th."""
    return _rollup(pid, "Pss")


def _rollup(pid: int, field: str) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(text.partition(f"\n{field}:")[2].split()[0]) * 1024 / MB


def cpu_seconds(pids: Iterable[int]) -> float:
    """What these processes have used since they began, in user and system mode."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICK
