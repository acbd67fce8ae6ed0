"""Attend: self-attention in the engine, o_t = Σ_s A_ts v_s with A = softmax_s(q_t·k_s/√d) in every head.

With g = ∂C/∂o of a head, B_ts = g_t·v_s and ∂C/∂a = A ∘ (B − Σ_s A B):

    ∂C/∂v_s = Σ_t A_ts g_t,  ∂C/∂q_t = Σ_s (∂C/∂a_ts) k_s/√d,  ∂C/∂k_s = Σ_t (∂C/∂a_ts) q_t/√d.

A column of a batch is one token of one sequence, the tokens of a sequence side by side.
"""

from __future__ import annotations

import math

import numpy as np

from propagation.engine.op import EngineOp, Place, Tangents
from propagation.engine.signal import Signal
from propagation.engine.stacked import StackedMaps
from propagation.engine.tape import Tape
from propagation.engine.trainable import Trainable
from propagation.ops import Attend

#: powers of two beyond which logits are as good as infinite, or as 0
_FAR = 900


class AttendOp(EngineOp):
    """Arrays are (T, heads, sequences, tokens, rows of a head) within."""

    def __init__(self, op: Attend, place: Place) -> None:
        self.op, self.layer = op, place.layer
        self.maps = StackedMaps(("query", "key", "value"), place, op)
        self.gradient_type = self.maps.map.gradient_type

    def forward(self, x: Signal, tape: Tape) -> Signal:
        q, k, v = self.maps.push(x)
        tape.save_input(self, x, np.float64)
        if self.op.is_whole:
            tape.see("weight_variance", self.layer, self.maps.parts[2].weight_deviation ** 2)
            tape.see("z", self.layer, v)
        # in the precision of the forward pass: what comes back is made of differences of tokens, which may be nearly equal
        for name, one in (("q", q), ("k", k), ("v", v)):
            tape.save((self, name), one.stored(np.float64, tape.put))
        pattern = self._pattern(q, k)
        rows = pattern.reshape(len(pattern), -1, self.op.tokens)
        tape.save((self, "pattern"), Signal(tape.put(rows, np.float64), np.zeros_like(q.exponent)))
        return Signal(self._merged(pattern @ self._split(v)), v.exponent).settled()

    def _pattern(self, q: Signal, k: Signal) -> np.ndarray:
        """A of every head and sequence, (T, heads, sequences, tokens, tokens)."""
        logits = self._split(q) @ self._split(k).swapaxes(-1, -2) * self._scale(q)
        exponent = np.clip(q.exponent + k.exponent, -_FAR, _FAR)[:, None, None, None, None]
        if self.op.causal:
            logits = np.where(np.tri(self.op.tokens, dtype=bool), logits, -np.inf)
        pattern = np.exp(np.ldexp(logits - logits.max(axis=-1, keepdims=True), exponent))
        pattern /= pattern.sum(axis=-1, keepdims=True)
        return pattern

    def _scale(self, q: Signal) -> float:
        """1/√d."""
        return math.sqrt(self.op.heads / q.array.shape[1])

    def backward(self, gradient: Signal, tape: Tape) -> Signal:
        x = tape.load_input(self, np.float64)
        q, k, v = (tape.load((self, name)) for name in "qkv")
        g, keys, values = (self._split(one) for one in (gradient, k, v))
        pattern = tape.load((self, "pattern")).array.reshape(*g.shape[:4], self.op.tokens)
        # differences of values and of keys alone count: without their means, no digits are lost where tokens are alike
        on_pattern = _through_softmax(pattern, g @ (values - values.mean(axis=-2, keepdims=True)).swapaxes(-1, -2))
        to_q = on_pattern @ (keys - keys.mean(axis=-2, keepdims=True)) * self._scale(q)
        to_k = on_pattern.swapaxes(-1, -2) @ self._split(q) * self._scale(q)
        deltas = [
            Signal(self._merged(to_q), gradient.exponent + v.exponent + k.exponent).settled(),
            Signal(self._merged(to_k), gradient.exponent + v.exponent + q.exponent).settled(),
            Signal(self._merged(pattern.swapaxes(-1, -2) @ g), gradient.exponent).settled(),
        ]
        # δ of the keys adds up to 0 over a sequence, so of x what is the same for all tokens is nothing to ∂C/∂W_k
        tape.see("weight_gradient", self.layer, deltas[2], x, self.op.value.name)
        tape.see("weight_gradient", self.layer, deltas[1], self._around(x), self.op.key.name)
        tape.see("weight_gradient", self.layer, deltas[0], x, self.op.query.name)
        if self.op.is_whole:
            tape.see("delta", self.layer, deltas[2])
        return self.maps.pull(deltas, x)

    def jvp(self, x: Signal, tangents: Tangents) -> Tangents:
        maps = self.maps.push(x)
        pattern = self._pattern(*maps[:2])
        q, k, v = (self._split(Signal(np.ldexp(one.array, one.exponent[:, None, None]), one.exponent)) for one in maps)
        weights, scale = self.maps.weights, self._scale(maps[0])
        (q1, k1, v1), *others = ([self._split(Signal(one @ tangent.array, tangent.exponent)) for one in weights] for tangent in tangents)
        logits1 = (q1 @ _t(k) + q @ _t(k1)) * scale
        pattern1 = _through_softmax(pattern, logits1)
        first = Signal(self._merged(pattern1 @ v + pattern @ v1), tangents[0].exponent)
        if not others:
            return (first,)
        # a″ = q″k + 2 q′k′ + q k″ and A″ = A′ (a′ − Σ A a′) + A (a″ − Σ (A a″ + A′ a′)), the squares with twice the power of two
        ((q2, k2, v2),) = others
        shift = (2 * tangents[0].exponent - tangents[1].exponent)[:, None, None, None, None]
        logits2 = (q2 @ _t(k) + q @ _t(k2) + np.ldexp(2 * (q1 @ _t(k1)), shift)) * scale
        around = logits1 - (pattern * logits1).sum(axis=-1, keepdims=True)
        bent = pattern1 * around - pattern * (pattern1 * logits1).sum(axis=-1, keepdims=True)
        pattern2 = _through_softmax(pattern, logits2) + np.ldexp(bent, shift)
        second = pattern2 @ v + np.ldexp(2 * (pattern1 @ v1), shift) + pattern @ v2
        return first, Signal(self._merged(second), tangents[1].exponent)

    def trainable(self) -> Trainable:
        raise TypeError("networks with attention are not trained here")

    def _around(self, x: Signal) -> Signal:
        """x without the mean of each sequence."""
        parts = x.array.reshape(*x.array.shape[:2], -1, self.op.tokens)
        return Signal((parts - parts.mean(axis=-1, keepdims=True)).reshape(x.array.shape), x.exponent)

    def _split(self, signal: Signal) -> np.ndarray:
        """The columns of every head and sequence as rows."""
        networks, rows, columns = signal.array.shape
        parts = signal.array.reshape(networks, self.op.heads, rows // self.op.heads, columns // self.op.tokens, self.op.tokens)
        return np.ascontiguousarray(parts.transpose(0, 1, 3, 4, 2))

    def _merged(self, parts: np.ndarray) -> np.ndarray:
        """The inverse of `_split`."""
        networks, heads, sequences, tokens, rows = parts.shape
        return np.ascontiguousarray(parts.transpose(0, 1, 4, 2, 3)).reshape(networks, heads * rows, sequences * tokens)


def _through_softmax(pattern: np.ndarray, change: np.ndarray) -> np.ndarray:
    """A ∘ (change − Σ_s A change): what softmax makes of a change of its logits, and of a gradient by A."""
    return pattern * (change - (pattern * change).sum(axis=-1, keepdims=True))


def _t(rows: np.ndarray) -> np.ndarray:
    return rows.swapaxes(-1, -2)
