"""Gate: h = φ(z₁) ⊙ z₂ of two maps of one input, in the engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from propagation.engine.activate import STEEP, activate, scaled_slopes, see_flat_slopes
from propagation.engine.op import EngineOp, Place, Tangents
from propagation.engine.signal import Signal
from propagation.engine.stacked import StackedMaps
from propagation.engine.tape import Tape
from propagation.engine.trainable import Array, Trainable, TrainableActivate, TrainableLinear
from propagation.expressions import lookup
from propagation.ops import FIRST_MAPS, Gate

#: powers of two stay within: without a norm sizes square from block to block, and their logarithms double
_FARTHEST = 2**40


class GateOp(EngineOp):
    """∂C/∂z₁ = g ⊙ φ′(z₁) ⊙ z₂ and ∂C/∂z₂ = g ⊙ φ(z₁), g = ∂C/∂h."""

    def __init__(self, op: Gate, place: Place) -> None:
        self.op, self.layer, self.phi = op, place.layer, lookup(op.activation)
        self.maps = StackedMaps(("gate", "up"), place, op)
        self.gradient_type = self.maps.map.gradient_type

    def forward(self, x: Signal, tape: Tape) -> Signal:
        gate, up = self.maps.push(x)
        tape.save_input(self, x, self.maps.map.input_type)
        if self.op.gate.name in FIRST_MAPS:
            tape.see("weight_variance", self.layer, self.maps.parts[0].weight_deviation ** 2)
            tape.see("z", self.layer, gate)
        opened, slopes = activate(self.phi, gate)
        flat = see_flat_slopes(self.phi, slopes, self.layer, tape)
        through_gate = _product(scaled_slopes(slopes, flat, float), up)
        for part, factor in (("gate", through_gate), ("up", opened)):
            tape.save((self, part), _level(factor).stored(self.gradient_type, tape.put))
        return _product(opened, up)

    def backward(self, gradient: Signal, tape: Tape) -> Signal:
        x = tape.load_input(self, self.maps.map.input_type)
        to_gate, to_up = (_product(gradient, tape.load((self, part))) for part in ("gate", "up"))
        if self.op.gate.name in FIRST_MAPS:
            tape.see("delta", self.layer, to_gate)
        for delta, linear in ((to_up, self.op.up), (to_gate, self.op.gate)):
            tape.see("weight_gradient", self.layer, delta, x, linear.name)
        return self.maps.pull((to_gate, to_up), x)

    def jvp(self, x: Signal, tangents: Tangents) -> Tangents:
        gate, up = self.maps.push(x)
        opened, slopes = activate(self.phi, gate)
        weights = self.maps.weights
        along = [tuple(Signal(one @ tangent.array, tangent.exponent) for tangent in tangents) for one in weights]
        plain = np.zeros_like(gate.exponent)
        gates, ups = along
        turned = _product(Signal(slopes, plain), gates[0])  # φ(z₁)′
        first = _sum(_product(turned, up), _product(opened, ups[0]))
        if len(tangents) == 1:
            return (first,)
        # (φ(z₁) z₂)″ = φ(z₁)″ z₂ + 2 φ(z₁)′ z₂′ + φ(z₁) z₂″
        bends = Signal(self.phi.second_derivative(gate.array), plain)
        bent = _sum(_product(bends, _product(gates[0], gates[0])), _product(Signal(slopes, plain), gates[1]))
        both = _product(turned, ups[0])
        second = _sum(_sum(_product(bent, up), _product(opened, ups[1])), Signal(2 * both.array, both.exponent))
        return first, second

    def trainable(self) -> Trainable:
        return TrainableGate(TrainableActivate(self.phi), *self.maps.trainable())


class TrainableGate(Trainable):
    """h = φ(W_g x + b_g) ⊙ (W_u x + b_u)."""

    def __init__(self, activate: TrainableActivate, gate: TrainableLinear, up: TrainableLinear) -> None:
        self.activate, self.gate, self.up = activate, gate, up
        self.parameters = gate.parameters + up.parameters

    def forward(self, x: Array) -> tuple[Array, Any]:
        (z, by_gate), (up, by_up) = self.gate.forward(x), self.up.forward(x)
        opened, by_phi = self.activate.forward(z)
        return opened * up, (by_gate, by_up, by_phi, opened, up)

    def backward(self, gradient: Array, saved: Any, wanted: bool = True) -> tuple[Array, tuple[Array, ...]]:
        by_gate, by_up, by_phi, opened, up = saved
        to_gate, _ = self.activate.backward(gradient * up, by_phi)
        below_gate, of_gate = self.gate.backward(to_gate, by_gate, wanted)
        below_up, of_up = self.up.backward(gradient * opened, by_up, wanted)
        return below_gate + below_up if wanted else below_gate, of_gate + of_up


def _level(factor: Signal) -> Signal:
    """A factor of gradients with its size beside it where it is far from 1: squares of the product would leave single precision."""
    size = np.sqrt(factor.second_moment)
    power = np.where((size > STEEP) | (size < 1 / STEEP), np.frexp(size)[1], 0)
    return Signal(np.ldexp(factor.array, -power[:, None, None]), factor.exponent + power) if power.any() else factor


def _product(a: Signal, b: Signal) -> Signal:
    return Signal(a.array * b.array, np.clip(a.exponent + b.exponent, -_FARTHEST, _FARTHEST)).settled()


def _sum(a: Signal, b: Signal) -> Signal:
    exponent = np.maximum(a.exponent, b.exponent)
    shifted = (np.ldexp(one.array, (one.exponent - exponent)[:, None, None]) for one in (a, b))
    return Signal(sum(shifted), exponent)
