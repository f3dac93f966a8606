"""Watches the CPU use of other processes: a figure that is taken while they work says little."""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.support.processes import list_descendants

MAX_CORES = 0.10  # cores that other processes may use
MAX_TRIES = 3
_INTERVAL, _MAX_WAIT = 0.5, 5.0  # seconds
Result = TypeVar("Result")
_TICK = os.sysconf("SC_CLK_TCK")

_disturbances: list[float] = []


def run_undisturbed(work: Callable[[], Result]) -> Result:
    """Waits until other processes are idle, runs the work and returns its result.

    If other processes used more than `MAX_CORES` meanwhile, the work runs again, at most `MAX_TRIES` times in all. The
    last result is returned even if it was disturbed; `take_disturbances` reports that.
    """
    cores = 0.0
    for _ in range(MAX_TRIES):
        _wait_until_idle()
        before, start = _read_other_cpu_seconds(), time.monotonic()
        result = work()
        cores = (_read_other_cpu_seconds() - before) / (time.monotonic() - start)
        if cores <= MAX_CORES:
            return result
    _disturbances.append(cores)
    return result


def take_disturbances() -> list[float]:
    """The cores that other processes used, one value per disturbed result since the last call."""
    disturbances = _disturbances.copy()
    _disturbances.clear()
    return disturbances


def _wait_until_idle() -> None:
    """Returns when other processes are idle, or after `_MAX_WAIT`."""
    end = time.monotonic() + _MAX_WAIT
    while time.monotonic() < end:
        before = _read_other_cpu_seconds()
        time.sleep(_INTERVAL)
        if _read_other_cpu_seconds() - before <= MAX_CORES * _INTERVAL:
            return


def _read_other_cpu_seconds() -> float:
    """CPU seconds of all processes except this one, its descendants and those of them that have ended.

    The kernel's work on network packets is left out: this benchmark causes it, and no process is charged for it.
    """
    ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    user, nice, system, *_, steal = ticks
    ours = 0
    for pid in (os.getpid(), *list_descendants(os.getpid())):
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ours += sum(map(int, stat[11:15]))
    return (user + nice + system + steal - ours) / _TICK
