"""Every stretch of a worker's loop that takes longer than `LONG` of CPU time, as a line in LOOP_PROBE_FILE.

A stretch ends when another greenlet runs. CPU time and not time: other processes of the machine must not count.
"""

import os
import time
import traceback
from typing import Any

LONG = 0.02  # seconds

_last = 0.0


def start() -> None:
    global _last
    import greenlet

    _last = time.thread_time()
    greenlet.settrace(_trace)


def _trace(_: str, greenlets: tuple[Any, Any]) -> None:
    global _last
    now = time.thread_time()
    seconds, _last = now - _last, now
    if seconds > LONG:
        stack = traceback.extract_stack(greenlets[0].gr_frame)[-8:] if greenlets[0].gr_frame else []
        places = " < ".join(f"{entry.filename.rpartition('/')[2]}:{entry.lineno}" for entry in reversed(stack))
        with open(os.environ["LOOP_PROBE_FILE"], "a") as file:  # noqa: PTH123 (pathlib is slow to import here)
            file.write(f"{time.monotonic():.3f} {seconds:.4f} {places}\n")
        _last = time.thread_time()
