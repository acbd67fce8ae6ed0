"""One BLAS thread while networks run: trials share the processor's cores, and visitors do too.

Two threads inside each of the small products here would cost more in waiting than they give.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy.linalg._umath_linalg as lapack_module

_lock = threading.Lock()
_users = 0
_threads_before = 1


def _openblas(verb: str):
    """A function of the OpenBLAS that numpy's wheels carry, or None with another BLAS."""
    try:
        library = ctypes.CDLL(lapack_module.__file__)
        return getattr(library, f"scipy_openblas_{verb}_num_threads64_", None)
    except (OSError, TypeError):
        return None


_set_threads, _get_threads = _openblas("set"), _openblas("get")


@contextmanager
def one_thread() -> Iterator[None]:
    """Within: OpenBLAS computes on the calling thread. The setting is the process's own, so the last of several users restores it."""
    global _users, _threads_before
    if _set_threads is None or _get_threads is None:
        yield
        return
    with _lock:
        if _users == 0:
            _threads_before = _get_threads()
            _set_threads(1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _set_threads(_threads_before)
