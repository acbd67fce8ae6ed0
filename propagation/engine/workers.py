"""Trials side by side on the processor's cores, where there are threads at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@cache
def cores() -> int:
    """How many threads run at once here: the cores this process may use; 1 in a browser."""
    if sys.platform == "emscripten":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _shared_pool() -> ThreadPoolExecutor:
    """One pool for all visitors, so that forty of them still run only as many threads as there are cores."""
    return ThreadPoolExecutor(cores(), thread_name_prefix="trial")


def run_all(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`function` of every item, in order, as they are done. Leaving the iteration early cancels what has not begun."""
    items = list(items)
    if cores() == 1 or len(items) == 1:
        yield from map(function, items)
        return
    tasks = [_shared_pool().submit(function, item) for item in items]
    try:
        for task in tasks:
            yield task.result()
    finally:
        for task in tasks:
            task.cancel()
