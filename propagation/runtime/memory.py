"""Memory: what is freed stays with this process, for the next layer and the next run.

glibc hands a large array back to the system as soon as it is freed, and takes the next one page by page, each cleared first: up to half
the time of a short simulation.
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
#: the largest array that is kept, and what each of the allocator's heaps may keep; glibc goes up to these by itself, array by array
_LARGEST_KEPT, _KEPT = 32 * 2**20, 64 * 2**20


@cache
def keep_freed_memory() -> None:
    """Have freed memory kept, where the allocator is glibc's and the environment has not set it up otherwise."""
    configured = any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ)
    if sys.platform != "linux" or configured:
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt:
        mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT)
        mallopt(_TRIM_THRESHOLD, _KEPT)
