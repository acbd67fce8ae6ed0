"""Patterns: both passes through infinitely wide networks with attention whose patterns are drawn: causal, or too sharp for `tokens`.

Under a causal mask a token's place decides what becomes of it, so the kernels of T tokens are T × T, X of the signal and G of gradients;
each op maps one to another. In heads of many rows logits are Gaussian, a = √(Q) Z √(K)ᵀ; a mean over patterns A = softmax(a) is one over
drawn Z, always the same ones, with −Z beside each: `draws` says how many, and what that is worth. With Q, K, V the kernels of queries,
keys and values and J_t = diag(A_t) − A_t A_tᵀ,

    o: E[A V Aᵀ];  δ_v: E[Aᵀ G A];  δ_q: G_tt′ E tr(J_t V J_t′ K);  δ_k: Σ_tt′ Q_tt′ G_tt′ E[J_t V J_t′],

and ∂C/∂W of a sum over the tokens has mean square Σ_tt′ D_tt′ X_tt′, D the kernel of δ. A norm before every branch, or after every sum,
gives all tokens size 1 where φ or a logit sees them. Source: as in `tokens`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from propagation.architecture import blocks, head, linear_maps, stem
from propagation.config import Config
from propagation.ops import FIRST_MAPS, Activate, Attend, Dropout, Gate, Linear, Normalize, Op, Residual, h_place
from propagation.theory.kernel import kernel
from propagation.theory.moments import moments
from propagation.theory.op import Array
from propagation.theory.tokens import Lines, start, weight_variance, z_map_of

#: operations that the patterns of a block may cost, and between how many of them are drawn
_OPERATIONS, _FEWEST, _MOST = 2**27, 64, 512
#: differences of tokens below this have no digits
_ROUNDING = 1e-14


def draws(tokens: int) -> int:
    """Return how many patterns stand for all: 512 of up to 23 tokens, 204 of 32, 64 of 64. Means over tokens are right to about 1 %."""
    return min(_MOST, max(_FEWEST, _OPERATIONS // (20 * tokens**3) // 2 * 2))


@dataclass(frozen=True)
class Passed:
    """An op on the way forward, with the kernel before it: those within it, and the patterns that it drew."""

    op: Op
    x: Array
    branch: tuple[Passed, ...] = ()
    patterns: Array | None = None


def drawn_lines(config: Config) -> Lines:
    """Return what theory says of a transformer with norms."""
    lines, columns = Lines(), start(config)
    x = np.full((config.tokens, config.tokens), columns.q - columns.apart)
    np.fill_diagonal(x, columns.q)
    walked: list[tuple[Passed, ...]] = []
    for layer, block in enumerate([stem(config), *blocks(config), head(config)]):
        inside = 1 <= layer <= config.depth
        passed, x = forward(block, x, lines if inside else None)
        walked.append(passed)
        if inside:
            lines.note("stream", _size(x), 0.0)
            lines.separation.append(_separation(x))
    g = np.ones_like(x) if config.readout == "pooled" else np.eye(config.tokens)
    for layer, passed in reversed([*enumerate(walked)]):
        inside = 1 <= layer <= config.depth
        if inside:
            lines.note("stream_gradient", _size(g))
        g = _backward(passed, g, lines if inside else Lines())
    for name in ("stream_gradient", "delta", *{op.name for op in linear_maps(config) if op.name}):
        lines.logs[name].reverse()
    return lines


def _size(x: Array) -> float:
    return float(np.mean(np.diagonal(x)))


def _separation(x: Array) -> float:
    """The mean over pairs of tokens of 1 − c; 0 where that is rounding."""
    lengths = np.sqrt(np.diagonal(x))
    first, second = np.triu_indices(len(x), 1)
    found = float(np.mean(1 - (x / np.outer(lengths, lengths))[first, second]))
    return found if found > _ROUNDING else 0.0


def forward(ops: Sequence[Op], x: Array, lines: Lines | None) -> tuple[tuple[Passed, ...], Array]:
    """Return the way through these ops, and the kernel after the last; z and h are noted."""
    way = []
    for op in ops:
        if isinstance(op, Residual):
            branch, end = forward(op.branch, x, lines)
            way.append(Passed(op, x, branch))
            if lines and (place := h_place(op.branch)):
                h = branch[place].x if place < len(branch) else end
                lines.note("h", _size(h), _mean_of(branch[:place]))
            x = op.skip_scale**2 * x + op.branch_scale**2 * end
            continue
        if lines and (z := z_map_of(op)):
            lines.note("z", _size(_mapped(z, x)))
        way.append(Passed(op, x, patterns=_patterns(op, x) if isinstance(op, Attend) else None))
        x = _after(way[-1])
    return tuple(way), x


def _mean_of(way: Sequence[Passed]) -> float:
    """The mean of what these ops end with: that of φ where it is the last but for dropout, else 0."""
    last = next(one for one in reversed(way) if not isinstance(one.op, Dropout))
    return float(np.mean(moments(last.op.activation).mean(np.diagonal(last.x)))) if isinstance(last.op, Activate) else 0.0


def _after(passed: Passed) -> Array:
    op, x = passed.op, passed.x
    if isinstance(op, Linear):
        return _mapped(op, x)
    if isinstance(op, Normalize):
        return x / _sizes(x)
    if isinstance(op, Activate):
        return _activated(op.activation, x)
    if isinstance(op, Dropout):
        return x + np.diag(np.diagonal(x) * (1 / op.keep - 1))
    if isinstance(op, Gate):
        return _activated(op.activation, _mapped(op.gate, x)) * _mapped(op.up, x)
    assert isinstance(op, Attend) and passed.patterns is not None
    return np.mean(passed.patterns @ _mapped(op.value, x) @ _t(passed.patterns), axis=0)


def _mapped(op: Linear, x: Array) -> Array:
    return weight_variance(op) * x + op.bias_variance


def _sizes(x: Array) -> Array:
    """√(q_t q_t′)."""
    lengths = np.sqrt(np.diagonal(x))
    return np.outer(lengths, lengths)


def _activated(activation: str, z: Array) -> Array:
    lost, _ = _kernel(activation, z)
    return moments(activation).second(z[0, 0]) - lost


def _kernel(activation: str, z: Array) -> tuple[Array, Array]:
    """E[φ²] − E[φφ′] and E[φ′φ′] of each pair; all tokens have one size."""
    q = z[0, 0]
    return kernel(activation)(np.full(z.shape, q), np.clip(1 - z / q, 0.0, 2.0))


def _patterns(op: Attend, x: Array) -> Array:
    """Drawn patterns, (N, T, T)."""
    query, key = (_root(_mapped(one, x)) for one in (op.query, op.key))
    logits = query @ _noise(op.tokens) @ key.T
    if op.causal:
        logits = np.where(np.tri(op.tokens, dtype=bool), logits, -np.inf)
    patterns = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return patterns / patterns.sum(axis=-1, keepdims=True)


@lru_cache(maxsize=8)
def _noise(tokens: int) -> Array:
    half = np.random.default_rng(0).standard_normal((draws(tokens) // 2, tokens, tokens))
    return np.concatenate([half, -half])


def _root(x: Array) -> Array:
    """A matrix R with R Rᵀ = x, which depends on x smoothly."""
    values, vectors = np.linalg.eigh(x)
    return (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T


def _backward(way: Sequence[Passed], g: Array, lines: Lines) -> Array:
    """The kernel of the gradients of the input of these ops for that of their output."""
    for passed in reversed(way):
        g = _through(passed, g, lines)
    return g


def _through(passed: Passed, g: Array, lines: Lines) -> Array:
    op, x = passed.op, passed.x
    if isinstance(op, Residual):
        return op.skip_scale**2 * g + _backward(passed.branch, op.branch_scale**2 * g, lines)
    if isinstance(op, Linear):
        if op.name in FIRST_MAPS:
            lines.note("delta", _size(g))
        return _pulled(op, x, g, lines)
    if isinstance(op, Normalize):
        return g / _sizes(x)
    if isinstance(op, Activate):
        return g * _kernel(op.activation, x)[1]
    if isinstance(op, Dropout):
        return g + np.diag(np.diagonal(g) * (1 / op.keep - 1))
    if isinstance(op, Gate):
        return _through_gate(op, x, g, lines)
    assert isinstance(op, Attend) and passed.patterns is not None
    return _through_attention(op, x, passed.patterns, g, lines)


def _pulled(op: Linear, x: Array, g: Array, lines: Lines) -> Array:
    if op.name:
        lines.note(op.name, float(np.vdot(g, x)))
    return weight_variance(op) * op.fan_out / op.fan_in * g


def _through_gate(op: Gate, x: Array, g: Array, lines: Lines) -> Array:
    gate, up = _mapped(op.gate, x), _mapped(op.up, x)
    to_gate, to_up = g * _kernel(op.activation, gate)[1] * up, g * _activated(op.activation, gate)
    if op.gate.name in FIRST_MAPS:
        lines.note("delta", _size(to_gate))
    return _pulled(op.gate, x, to_gate, lines) + _pulled(op.up, x, to_up, lines)


def _through_attention(op: Attend, x: Array, a: Array, g: Array, lines: Lines) -> Array:
    """δ of queries and of keys, of which tr(J_t V J_t′ K) and Σ H_tt′ J_t V J_t′ are sums of four products each."""
    query, key, value = (_mapped(one, x) for one in (op.query, op.key, op.value))
    of_values, of_keys, h = a @ value, a @ key, query * g
    seen = of_values @ _t(a)  # A V Aᵀ
    crossed = (of_values * of_keys) @ _t(a)
    traces = a @ (value * key) @ _t(a) - crossed - _t(crossed) + seen * (of_keys @ _t(a))
    to_query = g * traces.mean(axis=0)
    gathered = h @ a
    mixed = _t(a) @ (of_values * gathered)
    to_key = (value * (_t(a) @ gathered) - mixed - _t(mixed) + _t(a) @ (h * seen) @ a).mean(axis=0)
    to_value = (_t(a) @ g @ a).mean(axis=0)
    if op.is_whole:
        lines.note("delta", _size(to_value))
    below = _pulled(op.query, x, to_query, lines) + _pulled(op.key, x, to_key, lines)
    return below + _pulled(op.value, x, to_value, lines)


def _t(matrices: Array) -> Array:
    return matrices.swapaxes(-1, -2)
