"""Op of the engine: what all of them have in common, and where one stands in a network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from propagation.architecture import linear_maps
from propagation.config import Config
from propagation.engine.signal import Signal
from propagation.engine.tape import Tape
from propagation.engine.trainable import Trainable
from propagation.ops import Op

#: what stands for the gradient of the inputs: nobody asks for it, and its noise would be drawn for nothing
NOT_WANTED = Signal(np.empty((0, 0, 0)), np.empty(0, dtype=int))

#: first and, where it is asked for, second derivatives along a curve of inputs, (T, n, k) each
Tangents = tuple[Signal, ...]


@dataclass(frozen=True)
class Place:
    """Where an op stands: in which trials of a config, in which layer (from 1), after how many linear maps, above which other op,
    and which op takes what comes out, if it is one alone.

    Where configs are stacked that differ in numbers alone, `versions` is the op in each of them, and `config` one of them.
    """

    config: Config
    trials: range
    layer: int
    maps_before: int
    below: EngineOp | None
    versions: tuple[Any, ...] = ()
    above: Op | None = None

    @property
    def drawn_as(self) -> int:
        """Return the number by which the weights here are drawn: that of the first block's where all blocks start as copies of it."""
        if not (self.config.shared_blocks and 1 < self.layer <= self.config.depth):
            return self.maps_before
        return self.maps_before - (self.layer - 1) * len(linear_maps(self.config)) // self.config.depth

    def each(self, op: Op, number: Callable[[Any], float]) -> np.ndarray:
        """Return a number of the op in every network, (T,): in the trials of the first config, then of the next."""
        return np.array([number(version) for version in self.versions or (op,)]).repeat(len(self.trials))


class EngineOp(ABC):
    """One op at one place of a network."""

    #: precision of the gradients that reach the op below
    gradient_type: type = np.float64
    #: whether `replay` gives the output of `forward` again, without its input
    can_replay = False

    @abstractmethod
    def forward(self, x: Signal, tape: Tape) -> Signal:
        """Return the output, (T, n_out, B), for the input x, (T, n_in, B)."""

    @abstractmethod
    def backward(self, gradient: Signal, tape: Tape) -> Signal:
        """Return ∂C/∂(input), (T, n_in, B), for ∂C/∂(output), (T, n_out, B)."""

    def replay(self) -> Signal:
        """Return what `forward` returned, computed again from noise."""
        raise NotImplementedError

    @abstractmethod
    def jvp(self, x: Signal, tangents: Tangents) -> Tangents:
        """Return the derivatives of the output along a curve on which the input is x and has these."""

    @abstractmethod
    def trainable(self) -> Trainable:
        """Return the op of the first trial as arrays that training can change."""
