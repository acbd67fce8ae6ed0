"""Patches: what a convolution sees of each position, in the engine; the positions of an input are columns side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from propagation.engine.op import EngineOp, Place, Tangents
from propagation.engine.signal import Signal
from propagation.engine.tape import Tape
from propagation.engine.trainable import Array, Trainable
from propagation.ops import Patches


class PatchesOp(EngineOp):
    """Copies of x, shifted in a circle, one above the other; gradients are shifted back and added up."""

    def __init__(self, op: Patches, place: Place) -> None:
        self.op = op
        self.gradient_type = place.below.gradient_type if place.below else np.float64

    def forward(self, x: Signal, tape: Tape) -> Signal:
        return Signal(patches(x.array, self.op), x.exponent)

    def backward(self, gradient: Signal, tape: Tape) -> Signal:
        if not gradient.array.size:  # nobody asks for the gradient of the inputs
            return gradient
        return Signal(gathered(gradient.array, self.op), gradient.exponent).settled()

    def jvp(self, x: Signal, tangents: Tangents) -> Tangents:
        return tuple(Signal(patches(tangent.array, self.op), tangent.exponent) for tangent in tangents)

    def trainable(self) -> Trainable:
        return TrainablePatches(self.op)


class TrainablePatches(Trainable):
    """The same without parameters."""

    def __init__(self, op: Patches) -> None:
        self.op = op

    def forward(self, x: Array) -> tuple[Array, Any]:
        return patches(x, self.op), None

    def backward(self, gradient: Array, saved: Any, wanted: bool = True) -> tuple[Array, tuple[Array, ...]]:
        return gathered(gradient, self.op), ()


def patches(x: Array, op: Patches) -> Array:
    """Return (…, taps · n, B) for (…, n, B)."""
    around = x.reshape(*x.shape[:-1], -1, op.positions)
    reach = op.taps // 2
    shifted = [np.roll(around, -shift, axis=-1).reshape(x.shape) for shift in range(-reach, reach + 1)]
    return np.ascontiguousarray(np.concatenate(shifted, axis=-2))  # in one layout, so that sums do not depend on that of x


def gathered(gradient: Array, op: Patches) -> Array:
    """Return the transpose of `patches`."""
    parts = np.split(gradient, op.taps, axis=-2)
    reach, shape = op.taps // 2, parts[0].shape
    around = [part.reshape(*shape[:-1], -1, op.positions) for part in parts]
    back = [np.roll(part, shift, axis=-1) for shift, part in zip(range(-reach, reach + 1), around, strict=True)]
    return np.sum(back, axis=0).reshape(shape)
