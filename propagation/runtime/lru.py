"""LRU: results kept for all visitors, up to a number of them; the one not asked for for longest goes first."""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Generic, TypeVar

import numpy as np

Value = TypeVar("Value")


class LRU(Generic[Value]):
    """A store of at most `max_entries` results, safe to use from many threads.

    What is put in is copied, and everybody who asks gets that same copy: its arrays are read-only.
    """

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self._entries: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Value | None:
        """Return what was put in under this key, None if there is nothing (any more)."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def put(self, key: Hashable, value: Value) -> None:
        """Keep a copy of a result under this key, in place of what was there."""
        kept = copy.deepcopy(value)
        for array in _arrays(kept):
            array.setflags(write=False)
        with self._lock:
            self._entries[key] = kept
            self._entries.move_to_end(key)
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)


def _arrays(value: Any) -> Iterator[np.ndarray]:
    """Yield the arrays in a result, however deep in dataclasses, mappings, tuples and lists."""
    parts: Any = ()
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, Mapping):
        parts = value.values()
    elif isinstance(value, (tuple, list)):
        parts = value
    elif is_dataclass(value) and not isinstance(value, type):
        parts = [getattr(value, field.name) for field in fields(value)]
    for part in parts:
        yield from _arrays(part)
