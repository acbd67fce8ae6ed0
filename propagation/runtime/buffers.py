"""Shelves: memory in which a run keeps its layers for the way back, and which the next run uses again.

Taken from the system for every run, it would arrive page by page, each cleared first: beside a busy browser that takes as long as the
arithmetic of a short simulation.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

BLOCK_BYTES = 4 * 2**20
#: blocks that wait for the next run, of all visitors together: 128 MB
BLOCKS_KEPT = 32
#: arrays begin at multiples of so many bytes, as many as the processor reads at once
_ALIGNMENT = 64

#: only ever changed by one call on it, which no other thread can see half done
_free: list[np.ndarray] = []


class Buffer:
    """Arrays side by side in blocks of memory."""

    def __init__(self) -> None:
        self.blocks: list[np.ndarray] = []
        self._used = BLOCK_BYTES

    def put(self, array: np.ndarray, dtype: type) -> np.ndarray:
        """A copy of the array in this precision, which lasts as long as the buffer is had. What no block can hold stays where it is."""
        size = array.size * np.dtype(dtype).itemsize
        if size > BLOCK_BYTES:
            return array.astype(dtype, copy=False)
        if self._used + size > BLOCK_BYTES:
            self.blocks.append(_block())
            self._used = 0
        kept: np.ndarray = self.blocks[-1][self._used : self._used + size].view(dtype).reshape(array.shape)
        self._used += -(-size // _ALIGNMENT) * _ALIGNMENT
        np.copyto(kept, array, casting="same_kind")
        return kept


@contextmanager
def buffer() -> Iterator[Buffer]:
    """Within: an empty buffer. What was put on it is lost afterwards."""
    had = Buffer()
    try:
        yield had
    finally:
        _free.extend(had.blocks)
        del _free[BLOCKS_KEPT:]


def _block() -> np.ndarray:
    try:
        return _free.pop()
    except IndexError:
        return np.empty(BLOCK_BYTES, dtype=np.uint8)
