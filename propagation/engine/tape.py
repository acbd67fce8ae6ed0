"""Tape: what the forward pass leaves for the backward pass, either the signals themselves or a way to compute them again.

Ops save and load by themselves as the key, and name what they measure with `see`; a tape decides where that goes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from propagation.engine.signal import Put, Signal, converted

#: See(name, layer, *values): what an observer is told, see `measure.Observer`
See = Callable[..., None]


def ignore(name: str, layer: int, *values: Any) -> None:
    """See nothing."""


class Tape:
    """A tape of a forward pass that no backward pass follows: it keeps nothing."""

    def __init__(self, see: See = ignore) -> None:
        self.see = see

    def put(self, array: np.ndarray, dtype: type) -> np.ndarray:
        """Return the array in this precision, where it lasts as long as the tape."""
        return converted(array, dtype)

    def save(self, op: Any, signal: Signal) -> None:
        """Keep what the op needs on the way back, beside its input."""

    def load(self, op: Any) -> Signal:
        """Return what the op saved."""
        raise LookupError("nothing was kept for a backward pass")

    def save_input(self, op: Any, x: Signal, dtype: type) -> None:
        """Keep the input of an op, in this precision."""

    def load_input(self, op: Any, dtype: type) -> Signal:
        """Return the input of the op, in this precision."""
        raise LookupError("nothing was kept for a backward pass")


class KeptTape(Tape):
    """A tape that keeps every signal, in memory that `put` provides."""

    def __init__(self, see: See, put: Put) -> None:
        super().__init__(see)
        self._put = put
        self._saved: dict[Any, Signal] = {}
        self._inputs: dict[Any, Signal] = {}

    def put(self, array: np.ndarray, dtype: type) -> np.ndarray:
        return self._put(array, dtype)

    def save(self, op: Any, signal: Signal) -> None:
        self._saved[op] = signal

    def load(self, op: Any) -> Signal:
        return self._saved.pop(op)

    def save_input(self, op: Any, x: Signal, dtype: type) -> None:
        self._inputs[op] = x.stored(dtype, self._put)

    def load_input(self, op: Any, dtype: type) -> Signal:
        return self._inputs.pop(op)


class ReplayedTape(Tape):
    """A tape that keeps one segment: the ops from one that can `replay` its output from noise up to the next. The others are run again.

    Results equal those of a KeptTape.

    `ops` are those that have been run forward, in order, the first of them on `inputs`.
    """

    def __init__(self, see: See, inputs: Signal, ops: list[Any]) -> None:
        super().__init__(see)
        self._inputs = inputs
        self._ops = ops
        self._saved: dict[Any, Signal] = {}
        self._sums: dict[Any, dict[str, np.ndarray]] = {}

    def save(self, op: Any, signal: Signal) -> None:
        self._saved[op] = signal

    def load(self, op: Any) -> Signal:
        return self._saved.pop(op)

    def save_input(self, op: Any, x: Signal, dtype: type) -> None:
        self._saved.clear()  # a new segment begins
        self._sums[op] = x.sums

    def load_input(self, op: Any, dtype: type) -> Signal:
        """Return the output of the segment below, which saves anew what it needs on the way back."""
        end = self._ops.index(op)
        if end == 0:
            return self._inputs
        start = next((place for place in reversed(range(end)) if self._ops[place].can_replay), None)
        x = self._inputs if start is None else self._ops[start].replay()
        see, self.see = self.see, ignore  # it has all been seen
        for other in self._ops[0 if start is None else start + 1 : end]:
            x = other.forward(x, self)
        self.see = see
        x.take_sums(self._sums.pop(op))
        return x.stored(dtype)
