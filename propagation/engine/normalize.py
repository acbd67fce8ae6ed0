"""Normalize: layer, RMS and batch norm in the engine, forward, backward and along a curve of inputs.

With u = x − mean (u = x in an RMS norm) and s = √(mean u²), means taken along one axis, y = u/s. Of y alone and s,

    ∂C/∂x = (1/s) (g − mean g − y mean(y g)),  g = ∂C/∂y, without the mean g in an RMS norm.
"""

from __future__ import annotations

import numpy as np

from propagation.engine.op import EngineOp, Place, Tangents
from propagation.engine.signal import PLAIN_RANGE, Signal
from propagation.engine.tape import Tape
from propagation.engine.trainable import Array, Trainable
from propagation.ops import Normalize

#: the axis of a (…, n, B) array along which means are taken
AXES = {"layer": -2, "rms": -2, "batch": -1}


class NormalizeOp(EngineOp):
    """y = u/s; where there is nothing to divide by, 0."""

    def __init__(self, op: Normalize, place: Place) -> None:
        self.kind = op.kind
        self.gradient_type = place.below.gradient_type if place.below else np.float64
        self._inverse, self._exponent = np.empty(0), np.empty(0, dtype=int)

    def forward(self, x: Signal, tape: Tape) -> Signal:
        y, inverse = normalized(x.array, self.kind)
        # what is divided by next to nothing has squares beyond single precision: the power of two goes beside it
        power = np.frexp(np.abs(inverse).max(axis=(1, 2)))[1]
        power = np.where(np.abs(power) > PLAIN_RANGE // 4, power, 0)
        self._inverse, self._exponent = np.ldexp(inverse, -power[:, None, None]), x.exponent - power
        plain = np.zeros_like(x.exponent)
        tape.save(self, Signal(tape.put(y, self.gradient_type), plain))
        return Signal(y, plain)

    def backward(self, gradient: Signal, tape: Tape) -> Signal:
        y = tape.load(self).array
        below = through(gradient.array, y, self._inverse.astype(y.dtype), self.kind)
        return Signal(below, gradient.exponent - self._exponent).settled()

    def jvp(self, x: Signal, tangents: Tangents) -> Tangents:
        y, inverse = normalized(x.array, self.kind)
        first, *second = tangents
        u = first.array - _mean(first.array, self.kind)
        growth = _along(y * u, self.kind)  # s′
        result = inverse * (u - growth * y)
        change = Signal(result, first.exponent - x.exponent)
        if not second:
            return (change,)
        # u = s y and s² = mean u²: s s″ = mean u′² + mean u u″ − s′², y″ = (u″ − 2 s′ y′ − s″ y)/s. One power of two for all terms
        shift = (2 * first.exponent - x.exponent - second[0].exponent)[:, None, None]
        bend = second[0].array - _mean(second[0].array, self.kind)
        squares = np.ldexp(inverse * (_along(u**2, self.kind) - growth**2), shift)
        turned = squares + _along(y * bend, self.kind)  # s″
        result = inverse * (bend - np.ldexp(2 * growth * result, shift) - turned * y)
        return change, Signal(result, second[0].exponent - x.exponent)

    def trainable(self) -> Trainable:
        return TrainableNormalize(self.kind)


class TrainableNormalize(Trainable):
    """y = u/s; batch norm by the batch that it is shown, in training and afterwards."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def forward(self, x: Array) -> tuple[Array, tuple[Array, Array]]:
        y, inverse = normalized(x, self.kind)
        return y, (y, inverse)

    def backward(self, gradient: Array, saved: tuple[Array, Array], wanted: bool = True) -> tuple[Array, tuple[Array, ...]]:
        return through(gradient, *saved, self.kind), ()


def normalized(x: Array, kind: str) -> tuple[Array, Array]:
    """Return y and 1/s, which is 0 where s is."""
    u = x - _mean(x, kind)
    squares = _along(u**2, kind)
    inverse = np.where(squares > 0, 1 / np.sqrt(np.where(squares > 0, squares, 1.0)), 0.0)
    return u * inverse, inverse


def through(gradient: Array, y: Array, inverse: Array, kind: str) -> Array:
    """Return ∂C/∂x for ∂C/∂y."""
    return inverse * (gradient - _mean(gradient, kind) - y * _along(y * gradient, kind))


def _mean(x: Array, kind: str) -> Array | float:
    """The mean that the norm takes away."""
    return 0.0 if kind == "rms" else _along(x, kind)


def _along(x: Array, kind: str) -> Array:
    return x.mean(axis=AXES[kind], keepdims=True)
