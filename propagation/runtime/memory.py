"""Memory: what is freed stays with this process, for the next layer and the next run.

glibc hands a large array back to the system as soon as it is freed, and takes the next one page by page, each cleared first: up to half
the time of a simulation. It can be told not to, but for the largest arrays: those have `empty`.
"""

from __future__ import annotations

import ctypes
import math
import os
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
#: the largest array that is kept, and what each of the allocator's heaps may keep; glibc goes up to these by itself, array by array
_LARGEST_KEPT, _KEPT = 32 * 2**20, 64 * 2**20
#: what is kept of larger arrays, and what their sizes are rounded up to, so that those of almost the same size can follow each other
_LARGE_KEPT, _UNIT = 256 * 2**20, 2 * 2**20

#: memory of large arrays that are gone; like `_users`, only changed by single calls on it, which no other thread can see half done
_free: list[np.ndarray] = []
#: as many entries as there are users of it
_users: list[None] = []


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


def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """As `np.empty`; a large array takes the memory of one that is gone, where `large_arrays_reused`."""
    items = math.prod(shape)
    size = items * np.dtype(dtype).itemsize
    if size <= _LARGEST_KEPT:
        return np.empty(shape, dtype)
    memory = _taken(-(-size // _UNIT) * _UNIT)
    whole = np.frombuffer(memory.data, dtype, items)  # every view of it refers to it, since its own base is no array
    weakref.finalize(whole, _keep, memory).atexit = False
    return whole.reshape(shape)


@contextmanager
def large_arrays_reused() -> Iterator[None]:
    """Within: the memory of large arrays that are gone waits for the next ones, after the last of several users for none."""
    _users.append(None)
    try:
        yield
    finally:
        _users.pop()
        if not _users:
            _free.clear()


def _taken(size: int) -> np.ndarray:
    """Memory of this size, (size,) bytes."""
    for _ in range(len(_free)):
        try:
            memory = _free.pop(0)
        except IndexError:  # another thread took it
            break
        if len(memory) == size:
            return memory
        _free.append(memory)
    return np.empty(size, np.uint8)


def _keep(memory: np.ndarray) -> None:
    if _users:
        _free.append(memory)
    while sum(map(len, tuple(_free))) > _LARGE_KEPT:
        del _free[:1]
