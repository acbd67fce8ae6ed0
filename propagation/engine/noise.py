"""Unit noise: the standard normal numbers a seed stands for, drawn once and kept while there is room.

Only the seed and the place decide the numbers, never a scale, so that dragging σ_w² finds them here. They are stored in single precision
(half the memory; a rounding of 6e-8 in a random number has no law to break); which arithmetic on them is done in double precision, the
random maps say.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from propagation.runtime.memory import empty
from propagation.streams import stream

#: rows drawn from one stream; longer arrays continue in the next block, so that blocks can be drawn anywhere and in any order
BLOCK_ROWS = 65_536
#: bytes of noise kept for the next redraw, for all visitors together
CACHE_BYTES = 256 * 2**20

Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def gaussian(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """N(0, 1)."""
    return rng.standard_normal(shape, dtype=np.float32)


def uniform(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Uniform with mean 0 and variance 1: on ±√3."""
    return (rng.random(shape, dtype=np.float32) - np.float32(0.5)) * np.float32(12**0.5)


def unit_interval(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Uniform on [0, 1), for coins."""
    return rng.random(shape, dtype=np.float32)


#: standard deviation of a standard normal cut at ±2
TRUNCATED_DEVIATION = 0.8796256610342398


def truncated_gaussian(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """A Gaussian cut at two of its standard deviations, then scaled to variance 1."""
    values = rng.standard_normal(shape, dtype=np.float32)
    while (outside := np.abs(values) > 2).any():
        values[outside] = rng.standard_normal(int(outside.sum()), dtype=np.float32)
    values /= np.float32(TRUNCATED_DEVIATION)
    return values


class NoiseCache:
    """Arrays by key up to a number of bytes; when full, random ones make room.

    A redraw walks through all its noise in order. Were the oldest thrown out, a walk slightly larger than the cache would never find
    anything; with random ones it finds as large a share as fits.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0
        self._arrays: dict[tuple, np.ndarray] = {}
        self._lock = threading.Lock()
        self._random = random.Random(0)

    def get(self, key: tuple, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The array of this key, made by `make` when it is not here. Read-only."""
        found = self._arrays.get(key)
        if found is not None:
            return found
        array = make()
        array.setflags(write=False)
        with self._lock:
            if key not in self._arrays and array.nbytes <= self._limit:
                while self._bytes + array.nbytes > self._limit:
                    self._bytes -= self._arrays.pop(self._random.choice(list(self._arrays))).nbytes
                self._arrays[key] = array
                self._bytes += array.nbytes
        return array


_CACHE = NoiseCache(CACHE_BYTES)


@dataclass(frozen=True)
class Noise:
    """The noise of one layer of one seed in `trials` trials from `first` on. Each trial has streams of its own, whatever the grouping."""

    seed: int
    layer: int
    first: int
    trials: int

    def draw(self, purpose: str, rows: int, columns: int, law: Draw = gaussian) -> np.ndarray:
        """A (trials, rows, columns) float32 array of unit noise of this purpose; read-only, and the same at every call."""
        key = (self, purpose, rows, columns, law)
        return _CACHE.get(key, lambda: self._drawn(purpose, rows, columns, law))

    def _drawn(self, purpose: str, rows: int, columns: int, law: Draw) -> np.ndarray:
        values = empty((self.trials, rows, columns), np.float32)
        for trial in range(self.trials):
            for block, start in enumerate(range(0, rows, BLOCK_ROWS)):
                rng = stream(self.seed, purpose, self.first + trial, self.layer, block)
                stop = min(start + BLOCK_ROWS, rows)
                values[trial, start:stop] = law(rng, (stop - start, columns))
        return values
