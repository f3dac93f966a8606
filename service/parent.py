"""Ties a process to its parent: the kernel kills it when the parent ends, whatever either of them is doing then."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Be killed when the thread that started this process ends, and at once if `parent` has ended already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the call, so no signal will come
        os._exit(1)
