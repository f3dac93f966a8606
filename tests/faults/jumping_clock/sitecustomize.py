"""With this folder in PYTHONPATH, the wall clock is off by the seconds in the file FAULTS_CLOCK.

Monotonic clocks are not: they cannot jump on a real machine.
"""

import os
import time
from pathlib import Path

_offset, _read_clock = Path(os.environ["FAULTS_CLOCK"]), time.time


def _read_jumping_clock() -> float:
    return _read_clock() + float(_offset.read_text() or 0)


time.time = _read_jumping_clock
