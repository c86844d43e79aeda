"""Keeps glibc from handing memory back to the system after every step, only to ask for it again.

Tensors of a training step are large, so that malloc maps each anew and unmaps it when it is freed;
every page of it is then faulted in again at the next step, under a lock that threads share. On two
cores of a virtual machine this was most of the time of two trainings side by side.
"""

from __future__ import annotations

import ctypes

# From malloc.h: never map, and never trim the top of the heap (-1: no threshold is high enough).
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def keep_freed_memory() -> None:
    """For the rest of this process. Does nothing where the C library has no such setting."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, -1)
