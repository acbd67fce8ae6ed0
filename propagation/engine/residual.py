"""Residual: a block that adds its branch to the stream, x′ = s x + α·branch(x), in the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from propagation.engine.op import EngineOp, Place, Tangents
from propagation.engine.signal import Signal
from propagation.engine.tape import Tape
from propagation.engine.trainable import Array, Trainable
from propagation.ops import Residual, h_place


class ResidualOp(EngineOp):
    """x′ = s x + α·branch(x); the gradient comes back as s g + branchᵀ(α g)."""

    def __init__(self, op: Residual, place: Place, branch: Sequence[EngineOp]) -> None:
        self.op, self.branch, self.layer = op, branch, place.layer
        self._is_wanted = place.below is not None
        self._skip, self._scale = place.each(op, lambda op: op.skip_scale), place.each(op, lambda op: op.branch_scale)
        self.gradient_type = branch[0].gradient_type
        self._h = h_place(op.branch)

    def forward(self, x: Signal, tape: Tape) -> Signal:
        y = x
        for number, op in enumerate(self.branch, 1):
            y = op.forward(y, tape)
            if number == self._h:
                tape.see("h", self.layer, y)
        return weighted_sum(x, self._skip, y, self._scale)

    def backward(self, gradient: Signal, tape: Tape) -> Signal:
        below = weighted_sum(gradient, self._scale)
        for op in reversed(self.branch):
            below = op.backward(below, tape)
        return weighted_sum(gradient, self._skip, below, np.ones_like(self._skip)) if self._is_wanted else below

    def jvp(self, x: Signal, tangents: Tangents) -> Tangents:
        inside, along = x, tangents
        for op in self.branch:
            along = op.jvp(inside, along)
            inside = op.forward(inside, Tape())
        return tuple(weighted_sum(past, self._skip, through, self._scale) for past, through in zip(tangents, along, strict=True))

    def trainable(self) -> Trainable:
        branch = [op.trainable() for op in self.branch]
        return TrainableResidual(branch, float(self._scale[0]), float(self._skip[0]), self.op.learned)


class TrainableResidual(Trainable):
    """x′ = s x + α·branch(x), s as it is; α, (1, 1), is a parameter where it is learned, beside a bias that nothing depends on."""

    def __init__(self, branch: Sequence[Trainable], scale: float, skip: float, learned: bool = False) -> None:
        self.branch, self.scale, self.skip, self.learned = branch, np.full((1, 1), scale), skip, learned
        self.parameters = tuple(parameter for op in branch for parameter in op.parameters)
        if learned:
            self.parameters += (self.scale, np.zeros((1, 1)))

    def forward(self, x: Array) -> tuple[Array, list[Any]]:
        y, kept = x, []
        for op in self.branch:
            y, saved = op.forward(y)
            kept.append(saved)
        return self.skip * x + self.scale * y, [*kept, y]

    def backward(self, gradient: Array, saved: list[Any], wanted: bool = True) -> tuple[Array, tuple[Array, ...]]:
        below = self.scale * gradient
        found: list[tuple[Array, ...]] = []
        if self.learned:
            found.append((np.full((1, 1), np.vdot(gradient, saved[-1])), np.zeros((1, 1))))
        for number in reversed(range(len(self.branch))):
            below, by_parameters = self.branch[number].backward(below, saved[number], wanted or number > 0)
            found.append(by_parameters)
        return self.skip * gradient + below if wanted else below, tuple(one for part in reversed(found) for one in part)

    def evaluate(self, x: Array) -> Array:
        y = x
        for op in self.branch:
            y = op.evaluate(y)
        return self.skip * x + self.scale * y


def weighted_sum(a: Signal, a_scale: Array, b: Signal | None = None, b_scale: Array | None = None) -> Signal:
    """Return a_scale · a + b_scale · b, in the precision of b; scales are (T,)."""
    parts = [(a, a_scale)] if b is None or b_scale is None else [(a, a_scale), (b, b_scale)]
    precision = parts[-1][0].array.dtype
    scaled = [part.array * scale[:, None, None].astype(precision) for part, scale in parts]
    if not any(part.exponent.any() for part, _ in parts):
        return Signal(sum(scaled).astype(precision, copy=False), a.exponent).settled()
    # the larger of the two decides the power of two that both are written with; a part that is nothing has no say
    sizes = [np.where((scale != 0) & (part.second_moment > 0), part.exponent, np.iinfo(np.int64).min) for part, scale in parts]
    exponent = np.max(sizes, axis=0)
    exponent = np.where(exponent == np.iinfo(np.int64).min, 0, exponent)
    shifts = [np.clip(part.exponent - exponent, -2000, 2000)[:, None, None] for part, _ in parts]
    total = sum(np.ldexp(array, shift) for array, shift in zip(scaled, shifts, strict=True))
    return Signal(total.astype(precision, copy=False), exponent).settled()
