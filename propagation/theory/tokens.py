"""Tokens: both passes through infinitely wide networks with attention, whose tokens are no longer apart.

The model takes all tokens of a sequence for equally large and equally alike, as random ones of many entries are; then they stay so, since
attention that is not causal treats them alike. Their kernel has two numbers, the size q and ε = 1 − c of any two, and that of their
gradients two, d and o = ρ d. With rows of many numbers a head, logits are Gaussian. Let Q, K, V be the kernels of queries, keys and values,
k̂ = K (1 − c) and v̂ = V (1 − c) what is not common to all tokens, and S₁, S₂, J², JJ those of `softmax` at the variance Q k̂. Then

    o_t = Σ_s A_ts v_s has size V c + v̂ S₁, and v̂ S₂ in place of it for two tokens;
    δ_v: d′ = d (S₁ + ρ (T − 1) S₂), o′ = d ((1 − S₁)/(T − 1) + ρ (1 − S₂));
    δ_q: d′ = d v̂ k̂ J², o′ = ρ d v̂ k̂ JJ;  δ_k: d′ = d v̂ Q (J² + (T − 1) r ρ JJ), o′ = −d′/(T − 1),

r the correlation of two queries. ∂C/∂W of a sum over the tokens has mean square T (d q + (T − 1) o q (1 − ε)); of keys it is T d q ε.
Sources: Noci et al. 2022 (arXiv 2206.03126), Cowsik et al. 2024 (2403.02579), Dong et al. 2021 (2103.03404).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from propagation.architecture import blocks, head, linear_maps, stem
from propagation.config import Config
from propagation.inputs import draw_inputs
from propagation.ops import FIRST_MAPS, Activate, Attend, Dropout, Gate, Linear, Normalize, Op, Residual, Variance, h_place
from propagation.theory.coupled import Gradients
from propagation.theory.kernel import kernel
from propagation.theory.moments import moments
from propagation.theory.op import NoLaw
from propagation.theory.softmax import PatternMoments, pattern_moments

_NO_LINE = "Theory has no line for this transformer: "
#: sizes beyond which numbers and their products leave floating point
_SMALLEST, _LARGEST = 1e-150, 1e150


@dataclass(frozen=True)
class Columns:
    """Size q of the tokens, ε = 1 − c, and the mean of the entries."""

    q: float
    eps: float
    mean: float = 0.0

    @property
    def apart(self) -> float:
        """Return q ε."""
        return self.q * self.eps


@dataclass
class Lines:
    """Natural logarithms of second moments by signal, means of h, and ε of the stream, one entry a layer."""

    logs: dict[str, list[float]] = field(default_factory=dict)
    means: dict[str, list[float]] = field(default_factory=dict)
    separation: list[float] = field(default_factory=list)

    def note(self, name: str, second: float, mean: float | None = None) -> None:
        """Note a second moment of the next layer, and a mean."""
        self.logs.setdefault(name, []).append(_log(second))
        if mean is not None:
            self.means.setdefault(name, []).append(mean)


def token_lines(config: Config) -> Lines:
    """Return what theory says of a transformer whose attention is not causal; NoLaw where it has no line."""
    lines, state = Lines(), start(config)
    walked: list[tuple[Sequence[Op], list[Columns]]] = []
    for layer, block in enumerate([stem(config), *blocks(config), head(config)]):
        inside = 1 <= layer <= config.depth
        states = _forward(block, state, lines if inside else None)
        walked.append((block, states))
        state = states[-1]
        if inside:
            lines.note("stream", state.q, 0.0)
            lines.separation.append(state.eps)
    gradients = Gradients(0.0, float(config.readout == "pooled"))
    for layer, (passed, states) in reversed([*enumerate(walked)]):
        inside = 1 <= layer <= config.depth
        if inside:
            lines.logs.setdefault("stream_gradient", []).append(gradients.log_d)
        gradients = _backward(passed, states, gradients, Notes(lines if inside else Lines(), config.tokens))
    for name in ("stream_gradient", "delta", *{op.name for op in linear_maps(config) if op.name}):
        lines.logs[name].reverse()
    return lines


def check(config: Config) -> None:
    """Raise NoLaw, with the reason, where a transformer is none that theory has a line for."""
    if config.cost != "gaussian":
        raise NoLaw(f"{_NO_LINE}the gradients of a loss on labels depend on what comes out.")
    if config.causal and config.tokens > 1 and config.normalization == "none":
        raise NoLaw(f"{_NO_LINE}with causal attention and no norm every token has a size of its own.")
    if config.shared_blocks and config.depth > 1:
        raise NoLaw(f"{_NO_LINE}blocks that are copies of one another do not add up like independent ones.")
    if config.bias_mean or config.input_mean:
        raise NoLaw(f"{_NO_LINE}it knows biases and inputs of mean 0.")


def start(config: Config) -> Columns:
    """Return the inputs: how large their tokens are, and how alike those of a sequence."""
    x = draw_inputs(config)
    q = float(np.mean(x**2))
    if config.tokens == 1:
        return Columns(q, 0.0)
    sequences = x.reshape(x.shape[0], -1, config.tokens)
    around = sequences - sequences.mean(axis=-1, keepdims=True)
    return Columns(q, float(np.mean(around**2)) * config.tokens / (config.tokens - 1) / q if q else 0.0)


def _forward(ops: Sequence[Op], state: Columns, lines: Lines | None) -> list[Columns]:
    """The states before each op and after the last; z and h are noted."""
    states = [state]
    for op in ops:
        if isinstance(op, Residual):
            branch = _forward(op.branch, state, lines)
            s, alpha = op.skip_scale**2, op.branch_scale**2
            q = s * state.q + alpha * branch[-1].q
            place = h_place(op.branch)
            if lines and place:
                lines.note("h", branch[place].q, branch[place].mean)
            state = _columns(q, s * state.apart + alpha * branch[-1].apart)
        else:
            if lines and (z := z_map_of(op)):
                lines.note("z", _mapped(z, state).q)
            state = after(op, state)
        states.append(state)
    return states


def walked_forward(block: Sequence[Op], state: Columns) -> Columns:
    """Return the columns after a block."""
    return _forward(block, state, None)[-1]


def walked_back(block: Sequence[Op], state: Columns, gradients: Gradients) -> Gradients:
    """Return the gradients of the input of a block, which is `state`, for those of its output."""
    return _backward(block, _forward(block, state, None), gradients, Notes(Lines(), 1))


def z_map_of(op: Op) -> Linear | None:
    """Return the map whose output is z of the block; None in another op."""
    if isinstance(op, Attend):
        return op.value if op.is_whole else None
    linear = op.gate if isinstance(op, Gate) else op
    return linear if isinstance(linear, Linear) and linear.name in FIRST_MAPS else None


def _columns(q: float, apart: float, mean: float = 0.0) -> Columns:
    if q and not _SMALLEST < q < _LARGEST:
        raise NoLaw(f"{_NO_LINE}sizes leave the range of numbers that it is computed with.")
    return Columns(q, min(apart / q, 2.0) if q else 0.0, mean)


def after(op: Op, state: Columns) -> Columns:
    """Return the columns after an op that is no residual one."""
    if isinstance(op, Linear):
        return _mapped(op, state)
    if isinstance(op, Normalize):
        return Columns(float(state.q > 0), state.eps)
    if isinstance(op, Activate):
        return _activated(op.activation, state)
    if isinstance(op, Dropout):
        return Columns(state.q / op.keep, 1 - op.keep * (1 - state.eps), state.mean)
    if isinstance(op, Gate):
        opened, up = _activated(op.activation, _mapped(op.gate, state)), _mapped(op.up, state)
        return Columns(opened.q * up.q, opened.eps + up.eps - opened.eps * up.eps)
    assert isinstance(op, Attend)
    value, pattern = _mapped(op.value, state), _pattern(op, state)
    return _columns(value.q - value.apart * (1 - pattern.s1), value.apart * pattern.apart)


def _mapped(op: Linear, state: Columns) -> Columns:
    weight = weight_variance(op)
    return _columns(weight * state.q + op.bias_variance, weight * state.apart)


def weight_variance(op: Linear) -> float:
    """Return σ_w² of a map."""
    assert isinstance(op.weight, Variance)
    return op.weight.value


def _activated(activation: str, state: Columns) -> Columns:
    of, q = moments(activation), np.array([state.q])
    if not state.q:
        return Columns(of.phi_zero**2, 0.0, of.phi_zero)
    lost, _ = kernel(activation)(q, np.array([state.eps]))
    return _columns(float(of.second(q)[0]), float(lost[0]), float(of.mean(q)[0]))


def _pattern(op: Attend, state: Columns) -> PatternMoments:
    query, key = _mapped(op.query, state), _mapped(op.key, state)
    return pattern_moments(query.q * key.apart, query.eps, op.tokens)


@dataclass(frozen=True)
class Notes:
    """Where the way back notes what it meets, for sequences of so many tokens."""

    lines: Lines
    tokens: int

    def weights(self, op: Linear, gradients: Gradients, x: Columns) -> None:
        """Note ∂C/∂W."""
        together = x.q * (1 + (self.tokens - 1) * gradients.ratio * (1 - x.eps))
        self.lines.logs.setdefault(op.name, []).append(gradients.log_d + _log(self.tokens * together))

    def delta(self, gradients: Gradients) -> None:
        """Note δ at z."""
        self.lines.logs.setdefault("delta", []).append(gradients.log_d)


def _backward(ops: Sequence[Op], states: Sequence[Columns], gradients: Gradients, notes: Notes) -> Gradients:
    """Gradients of the input of these ops for those of their output."""
    for op, before in reversed([*zip(ops, states, strict=False)]):
        gradients = through(op, before, gradients, notes)
    return gradients


def through(op: Op, x: Columns, g: Gradients, notes: Notes) -> Gradients:
    """Return the gradients of the input x of an op for those of its output; δ and ∂C/∂W are noted."""
    if isinstance(op, Residual):
        past, scale = op.skip_scale**2, op.branch_scale**2
        through = _backward(op.branch, _forward(op.branch, x, None), g.times(scale, scale), notes)
        return g.times(past, past).plus(through)
    if isinstance(op, Linear):
        if op.name in FIRST_MAPS:
            notes.delta(g)
        return _pulled(op, x, g, notes)
    if isinstance(op, Normalize):
        return g.times(1 / x.q, 1 / x.q) if x.q else Gradients(-math.inf, 0.0)
    if isinstance(op, Activate):
        return g.times(*_slopes(op.activation, x))
    if isinstance(op, Dropout):
        return g.times(1 / op.keep, 1.0)
    if isinstance(op, Gate):
        return _through_gate(op, x, g, notes)
    assert isinstance(op, Attend)
    return _through_attention(op, x, g, notes)


def _pulled(op: Linear, x: Columns, g: Gradients, notes: Notes) -> Gradients:
    if op.name:
        notes.weights(op, g, x)
    factor = weight_variance(op) * op.fan_out / op.fan_in
    return g.times(factor, factor)


def _slopes(activation: str, z: Columns) -> tuple[float, float]:
    """E[φ′²], and E[φ′φ′] of two tokens."""
    q = np.array([z.q])
    if not z.q:
        slope = float(moments(activation).slope(q)[0])
        return slope, slope
    _, beside = kernel(activation)(q, np.array([z.eps]))
    return float(moments(activation).slope(q)[0]), float(beside[0])


def _through_gate(op: Gate, x: Columns, g: Gradients, notes: Notes) -> Gradients:
    gate, up = _mapped(op.gate, x), _mapped(op.up, x)
    opened, (diagonal, beside) = _activated(op.activation, gate), _slopes(op.activation, gate)
    to_up = g.times(opened.q, opened.q * (1 - opened.eps))
    to_gate = g.times(diagonal * up.q, beside * up.q * (1 - up.eps))
    if op.gate.name in FIRST_MAPS:
        notes.delta(to_gate)
    return _pulled(op.gate, x, to_gate, notes).plus(_pulled(op.up, x, to_up, notes))


def _through_attention(op: Attend, x: Columns, g: Gradients, notes: Notes) -> Gradients:
    query, key, value, of = _mapped(op.query, x), _mapped(op.key, x), _mapped(op.value, x), _pattern(op, x)
    others, rho = op.tokens - 1, g.ratio
    s2 = of.s1 - of.apart
    diagonal = of.s1 + rho * others * s2
    to_value = Gradients(g.log_d + _log(diagonal), ((1 - of.s1) / max(others, 1) + rho * (1 - s2)) / diagonal)
    to_query = g.times(value.apart * key.apart * of.j2, value.apart * key.apart * of.jj)
    to_key = g.times(value.apart * query.q * (of.j2 + others * (1 - query.eps) * rho * of.jj), 0.0)
    if op.is_whole:
        notes.delta(to_value)
    below = _pulled(op.query, x, to_query, notes).plus(_pulled(op.value, x, to_value, notes))
    # gradients of keys add up to 0 over the tokens
    notes.lines.logs.setdefault(op.key.name, []).append(to_key.log_d + _log(op.tokens * x.apart))
    weight = weight_variance(op.key)
    return below.plus(Gradients(to_key.times(weight, 0.0).log_d, -1 / max(others, 1)))


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf
