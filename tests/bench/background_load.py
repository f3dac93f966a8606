"""Whether the machine had anything else to do: a figure taken while somebody else worked says little."""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.support.processes import list_descendants

MOST = 0.10  # cores that everybody else may use
TRIES = 3
_WAIT, _LONGEST = 0.5, 5.0
Result = TypeVar("Result")
_TICK = os.sysconf("SC_CLK_TCK")

_disturbed: list[float] = []


def undisturbed(work: Callable[[], Result]) -> Result:
    """What the work gives, done while no other process does much; again, a few times, if one did meanwhile."""
    used = 0.0
    for _ in range(TRIES):
        _wait()
        before, began = _others(), time.monotonic()
        result = work()
        used = (_others() - before) / (time.monotonic() - began)
        if used <= MOST:
            return result
    _disturbed.append(used)
    return result


def told() -> list[float]:
    """For each figure that was taken all the same, since this was asked last, the cores that others used."""
    found = _disturbed.copy()
    _disturbed.clear()
    return found


def _wait() -> None:
    """Until others rest, or for so long."""
    end = time.monotonic() + _LONGEST
    while time.monotonic() < end:
        before = _others()
        time.sleep(_WAIT)
        if _others() - before <= MOST * _WAIT:
            return


def _others() -> float:
    """Seconds of CPU that all processes have used but this one, those under it and those that they have had.

    The kernel's work on packets is left out: it is ours, and no process is charged with it.
    """
    fields = [int(each) for each in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    user, nice, system, *_, steal = fields
    ours = 0
    for pid in (os.getpid(), *list_descendants(os.getpid())):
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ours += sum(map(int, stat[11:15]))
    return (user + nice + system + steal - ours) / _TICK
