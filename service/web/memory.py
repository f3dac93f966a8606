"""Has the C library give large blocks back to the system as soon as they are freed.

glibc raises its bound for that by itself, to 32 MiB, once such a block is freed. From then on bodies and pictures leave
holes in its heaps, which stay: a gigabyte after a burst of large bodies.
"""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h
_MAPPED = 4 << 20  # bytes; blocks from here on are mapped. Most photographs are smaller: mapping costs them 1-2%
_KEPT = 16 << 20  # bytes that are free at a heap's end and stay: giving back each request's would cost it a call


def return_large_blocks() -> None:
    """For the whole process, from now on. Does nothing where the C library is not glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _MAPPED)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)
