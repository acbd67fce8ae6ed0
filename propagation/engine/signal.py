"""Signal: batches of vectors with a power of two beside each, so that 1e-400 is a number like any other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from propagation.runtime.memory import empty

LOG10_2 = math.log10(2.0)
#: a signal whose root mean square lies within 2^±40 needs no exponent: its squares are far from the edge even of single precision
PLAIN_RANGE = 40
#: numbers that are summed in their own precision
BLOCK = 2**17

#: an array of more numbers is worked on in pieces of so many, so that what is made on the way stays in the cache
LARGE, PIECE = 2**18, 2**16

#: (array, precision) → the array in that precision
Put = Callable[[np.ndarray, type], np.ndarray]


def converted(array: np.ndarray, dtype: type) -> np.ndarray:
    """The array in this precision; itself where it is."""
    if array.dtype == dtype:
        return array
    result = empty(array.shape, dtype)
    np.copyto(result, array, casting="same_kind")
    return result


def pieces(networks: int, rows: int, columns: int) -> Iterator[slice]:
    """The rows of a (networks, rows, columns) array: all at once, or in pieces where it is large."""
    step = rows if networks * rows * columns <= LARGE else max(1, PIECE // (networks * columns))
    return (slice(first, first + step) for first in range(0, rows, step))


class once:
    """A property computed when it is first asked for.

    As `functools.cached_property`, which up to Python 3.11 has one lock for all instances there are: visitors would compute one by one.
    """

    def __init__(self, compute: Callable[[Any], Any]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        value = instance.__dict__[self._compute.__name__] = self._compute(instance)
        return value


class Signal:
    """The (T, n, B) batches `array` · 2^`exponent`: T trials, n neurons, B inputs; exponent (T,). Not changed once made.

    Sums over neurons are computed once, when first asked for; they are all that the moments and the random maps need.

    `mixed`, (T,): which trials are in single precision where others in the same array, then in double, are not; else None. What is
    computed of a trial never depends on the others, so of these it is computed in single precision too.
    """

    def __init__(self, array: np.ndarray, exponent: np.ndarray, mixed: np.ndarray | None = None) -> None:
        self.array = array
        self.exponent = exponent
        self.mixed = mixed

    @property
    def is_single(self) -> np.ndarray:
        """Which trials are in single precision, (T,)."""
        return np.full(len(self.array), self.array.dtype == np.float32) if self.mixed is None else self.mixed

    def in_double(self) -> Signal:
        """Return the signal with all trials in double precision."""
        if self.array.dtype == np.float64 and self.mixed is None:
            return self
        return Signal(converted(self.array, np.float64), self.exponent)

    def _each(self) -> Iterable[np.ndarray]:
        """The batch of each trial, (n, B), in its own precision."""
        if self.mixed is None:
            return self.array
        return (one.astype(np.float32) if single else one for one, single in zip(self.array, self.mixed, strict=True))

    def parts(self, count: int) -> list[Signal]:
        """Return the signal in the first of so many equal parts of the trials, in the next, …."""
        if count == 1:
            return [self]
        mixed = [None] * count if self.mixed is None else np.split(self.mixed, count)
        return [Signal(*part) for part in zip(np.split(self.array, count), np.split(self.exponent, count), mixed, strict=True)]

    @once
    def gram(self) -> np.ndarray:
        """arrayᵀ array of each trial, (T, B, B) float64, summed in the precision of the array."""
        return (self.array.swapaxes(1, 2) @ self.array).astype(float, copy=False)

    @once
    def exact_gram(self) -> np.ndarray:
        """arrayᵀ array of each trial, (T, B, B), summed in double precision whatever the array's."""
        if self.mixed is not None:
            return np.concatenate([Signal(one[None], self.exponent[:1]).exact_gram for one in self._each()])
        if self.array.dtype == np.float64:
            return self.gram
        total = np.zeros((len(self.array), self.array.shape[2], self.array.shape[2]))
        for rows in pieces(1, *self.array.shape[1:]):
            part = self.array[:, rows].astype(float)
            total += part.swapaxes(1, 2) @ part
        return total

    @once
    def column_squares(self) -> np.ndarray:
        """Squared length of each column of `array`, (T, B)."""
        for name in ("exact_gram", "gram"):
            if name in self.__dict__:
                return np.diagonal(self.__dict__[name], axis1=1, axis2=2)
        if self.mixed is None:
            return _column_squares(self.array)
        return np.concatenate([_column_squares(one[None]) for one in self._each()])

    @once
    def column_sums(self) -> np.ndarray:
        """Sum of each column of `array`, (T, B)."""
        if self.mixed is None:
            return _column_sums(self.array)
        return np.concatenate([_column_sums(one[None]) for one in self._each()])

    @once
    def second_moment(self) -> np.ndarray:
        """Mean square of `array` in each trial (without the exponent), (T,)."""
        return np.array([_sum_of_squares(one) for one in self._each()]) / self.array[0].size

    def moments(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Mean, variance and second moment of `array` over neurons and inputs together, and the exponent: each (T,)."""
        mean = self.column_sums.sum(axis=1) / self.array[0].size
        second = self.second_moment
        variance = second - mean**2
        is_enough = variance > 1e-3 * second
        if not is_enough.all():  # few digits are left: sum the squares around the mean
            for trial in np.flatnonzero(~is_enough):
                variance[trial] = np.var(self.array[trial].astype(float, copy=False))
        return mean, variance, second, self.exponent

    def settled(self) -> Signal:
        """The same signal with exponent 0 where plain numbers do, else with a root mean square near 1."""
        second = self.second_moment
        if not any(self.exponent.tolist()) and all(4.0**-PLAIN_RANGE < one < 4.0**PLAIN_RANGE for one in second.tolist()):
            return self
        measured = (second > 0) & np.isfinite(second)
        shift = np.rint(0.5 * np.log2(second, where=measured, out=np.zeros_like(second))).astype(int)
        wanted = np.where(np.abs(shift + self.exponent) <= PLAIN_RANGE, 0, shift + self.exponent)
        exponent = np.where(measured & ((np.abs(shift) > PLAIN_RANGE // 2) | (wanted == 0)), wanted, self.exponent)
        if (exponent == self.exponent).all():
            return self
        return Signal(np.ldexp(self.array, (self.exponent - exponent)[:, None, None]), exponent, self.mixed)

    def stored(self, dtype: type, put: Put = converted) -> Signal:
        """The signal in another precision, its sums taken over, for the backward pass."""
        kept = Signal(put(self.array, dtype), self.exponent)
        kept.take_sums(self.sums)
        return kept

    @property
    def sums(self) -> dict[str, np.ndarray]:
        """The sums over neurons that measurements need, by name."""
        return {"column_squares": self.column_squares, "column_sums": self.column_sums}

    def take_sums(self, sums: dict[str, np.ndarray]) -> None:
        """Take the sums of a signal that is the same, as they were computed there: another way to sum rounds in another way."""
        self.__dict__.update(sums)


def _column_squares(array: np.ndarray) -> np.ndarray:
    """Sums of squares over rows of (T, n, B) arrays, (T, B), in double precision."""
    return np.einsum("tnb,tnb->tb", array, array, dtype=float)


def _column_sums(array: np.ndarray) -> np.ndarray:
    """Sums over rows of (T, n, B) arrays, (T, B), in blocks of rows as below."""
    step = max(1, BLOCK // array.shape[2])
    total = 0.0
    for first in range(0, array.shape[1], step):
        block = array[:, first : first + step]
        total = total + (_ones(block.shape[1], array.dtype) @ block)[:, 0].astype(float)
    return np.asarray(total)


@lru_cache(maxsize=8)
def _ones(count: int, dtype: np.dtype) -> np.ndarray:
    return np.ones((1, count), dtype)


def _sum_of_squares(array: np.ndarray) -> float:
    """Σ array², in blocks of rows: in single precision one long sum would lose digits."""
    if array.size <= BLOCK:
        return float(np.vdot(array, array))
    rows = max(1, BLOCK // array.shape[1])
    return sum(float(np.vdot(block, block)) for block in (array[first : first + rows] for first in range(0, len(array), rows)))


def scaled_moments(mean: np.ndarray, variance: np.ndarray, second_moment: np.ndarray, exponent: np.ndarray) -> tuple[np.ndarray, ...]:
    """Mean, log10 variance and log10 second moment of numbers that are 2^exponent times those with the given moments, all of one shape.

    The mean is clipped to the normal range of float64 (one that is not 0 stays so); the logarithm of 0, or of a rounding error below
    it, is −inf.
    """
    plain = np.clip(exponent, -900, 900)
    with np.errstate(over="ignore", under="ignore"):
        clipped = np.ldexp(np.ldexp(mean, plain), exponent - plain)
    size = np.clip(np.abs(clipped), np.finfo(float).tiny, np.finfo(float).max)
    return np.where(mean == 0, 0.0, np.copysign(size, mean)), _log10(variance, 2 * exponent), _log10(second_moment, 2 * exponent)


def _log10(number: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """log10(number · 2^exponent)."""
    return np.log10(number, where=number > 0, out=np.full(number.shape, -np.inf)) + exponent * LOG10_2
