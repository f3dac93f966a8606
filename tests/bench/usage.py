"""Memory and CPU of processes, read from /proc."""

import os
from collections.abc import Iterable
from pathlib import Path

MB = 1e6
_TICK = os.sysconf("SC_CLK_TCK")


def read_rss(pid: int) -> float:
    """RSS in MB. A page that is shared with other processes counts in full."""
    return _read_rollup(pid, "Rss")


def read_pss(pid: int) -> float:
    """PSS in MB. A page that n processes share counts as 1/n."""
    return _read_rollup(pid, "Pss")


def _read_rollup(pid: int, name: str) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(text.partition(f"\n{name}:")[2].split()[0]) * 1024 / MB


def read_cpu_seconds(pids: Iterable[int]) -> float:
    """CPU of these processes since they began, in user and system mode."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICK
