"""Coupled: both passes through infinitely wide networks with batch norm, where the inputs of a batch are no longer apart.

The model takes all inputs for equally large and equally alike, as random ones of many entries are. Then the kernel of the B columns has two
numbers, the size q on its diagonal and a = q (1 − c), and that of their gradients two, d on the diagonal and o beside it. With z ~ N(0, K)
the norm y is uniform on a sphere (`sphere`) whatever q and a are, and independent of ‖z − mean‖², E[1/‖z − mean‖²] = 1/(a (B − 3)):

    ∂C/∂z has diagonal (d ((B − 1) m − s) − o (B − 1)(m₁₁ + e)) / (a (B − 3)), and −1/(B − 1) of it elsewhere,

m, s, m₁₁ and e of the φ behind the norm (1, 1, 1 and −1/(B − 1) without one). Through φ of Gaussian numbers d × E[φ′²] and o × E[φ′ φ′],
through W both × σ_w²; ∂C/∂W of a sum over the batch has mean square B (d q + (B − 1) o (q − a)). Source: Yang et al. 2019 (arXiv
1902.08129); De & Smith 2020 (2002.10444) for skips.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from propagation.architecture import blocks, head, linear_maps, stem
from propagation.config import Config
from propagation.inputs import draw_inputs
from propagation.ops import FIRST_MAPS, Activate, Linear, Normalize, Op, Residual, Variance, h_place
from propagation.theory.kernel import kernel
from propagation.theory.moments import moments
from propagation.theory.op import NoLaw
from propagation.theory.sphere import SphereMoments, sphere_moments

_NO_LINE = "Theory has no line for batch norm here: "
#: what a norm with no φ behind it is
_IDENTITY = "linear"


@dataclass(frozen=True)
class Columns:
    """Size q of the columns, a = q (1 − c), and the mean of the entries; `on_sphere` right behind a norm."""

    q: float
    a: float
    mean: float = 0.0
    on_sphere: bool = False


@dataclass(frozen=True)
class Gradients:
    """ln of the diagonal d of the kernel of gradients, and ρ = o/d."""

    log_d: float
    ratio: float

    def times(self, diagonal: float, beside: float) -> Gradients:
        """Return the gradients with d and o multiplied by these."""
        return Gradients(self.log_d + math.log(diagonal), self.ratio * beside / diagonal) if diagonal > 0 else Gradients(-math.inf, 0.0)

    def plus(self, other: Gradients) -> Gradients:
        """Return the sum of two kernels."""
        log_d = float(np.logaddexp(self.log_d, other.log_d))
        if math.isinf(log_d):
            return self
        return Gradients(log_d, math.exp(self.log_d - log_d) * self.ratio + math.exp(other.log_d - log_d) * other.ratio)


@dataclass
class Lines:
    """Natural logarithms of second moments by signal, and the means of h and of the stream, one entry a layer."""

    logs: dict[str, list[float]] = field(default_factory=dict)
    means: dict[str, list[float]] = field(default_factory=dict)

    def note(self, name: str, log_second: float) -> None:
        """Note a second moment of the next layer."""
        self.logs.setdefault(name, []).append(log_second)


def coupled_lines(config: Config) -> Lines:
    """Return what theory says of a network with batch norm; NoLaw where it has no line."""
    _check(config)
    lines, state = Lines(), _start(config)
    walked: list[tuple[Sequence[Op], list[Columns]]] = []
    for layer, block in enumerate([stem(config), *blocks(config), head(config)]):
        states = _forward(block, state, config.inputs, lines if 1 <= layer <= config.depth else None)
        walked.append((block, states))
        state = states[-1]
        if config.architecture == "plain" and 1 <= layer <= config.depth:
            _note_forward(lines, "h", state)
    gradients = Gradients(0.0, 0.0)
    for layer, (passed, states) in reversed([*enumerate(walked)]):
        inside = 1 <= layer <= config.depth
        if inside and config.architecture == "residual":
            lines.note("stream_gradient", gradients.log_d)
        gradients = _backward(passed, states, gradients, config.inputs, lines if inside else None)
    for name in ("stream_gradient", "delta", *{op.name for op in linear_maps(config)}):
        if name in lines.logs:
            lines.logs[name].reverse()
    return lines


def _check(config: Config) -> None:
    """Refuse what the model does not hold for."""
    if config.cost != "gaussian":
        raise NoLaw(f"{_NO_LINE}the gradients of a loss on labels are not independent from input to input.")
    if config.bias_mean or config.keep < 1 or not all(isinstance(op.weight, Variance) for op in linear_maps(config)):
        raise NoLaw(f"{_NO_LINE}it knows biases of mean 0, weights of a given variance, and no dropout.")
    if config.gated:
        raise NoLaw(f"{_NO_LINE}what a gate makes of the columns of a batch is a product that is not Gaussian.")
    plain = config.architecture == "plain" and config.norm_position == "pre"
    order = config.block_order == "pre_activation" or (config.block_order == "branch" and config.norm_position == "pre")
    if config.architecture == "residual" and config.input_law != "gaussian" and not stem(config):
        raise NoLaw(f"{_NO_LINE}the stream begins with inputs that are not Gaussian.")
    if not plain and not (config.architecture == "residual" and config.branch_layers == 2 and order):
        raise NoLaw(f"{_NO_LINE}what comes to the norm is not Gaussian.")


def _start(config: Config) -> Columns:
    x = draw_inputs(config)
    around = x - x.mean(axis=1, keepdims=True)
    a = float(np.mean(around**2)) * x.shape[1] / (x.shape[1] - 1)
    return Columns(float(np.mean(x**2)), a, config.input_mean)


def _forward(ops: Sequence[Op], state: Columns, batch: int, lines: Lines | None) -> list[Columns]:
    """The states before each op and after the last; those of signals are noted, but for h of a plain layer, which is its end."""
    states = [state]
    for op in ops:
        if isinstance(op, Residual):
            branch = _forward(op.branch, state, batch, lines)
            h, end = branch[h_place(op.branch)], branch[-1]
            s, alpha = op.skip_scale**2, op.branch_scale**2
            state = Columns(s * state.q + alpha * end.q, s * state.a + alpha * end.a, op.skip_scale * state.mean)
            if lines:
                _note_forward(lines, "h", h)
                _note_forward(lines, "stream", state)
        else:
            state = _after(op, state, batch)
            if lines and isinstance(op, Linear) and op.name in FIRST_MAPS:
                lines.note("z", _log(state.q))
        states.append(state)
    return states


def _note_forward(lines: Lines, name: str, state: Columns) -> None:
    lines.note(name, _log(state.q))
    lines.means.setdefault(name, []).append(state.mean)


def _after(op: Op, state: Columns, batch: int) -> Columns:
    if isinstance(op, Linear):
        assert isinstance(op.weight, Variance)
        return Columns(op.weight.value * state.q + op.bias_variance, op.weight.value * state.a)
    if isinstance(op, Normalize):
        return Columns(1.0, batch / (batch - 1), on_sphere=True)
    assert isinstance(op, Activate)
    if state.on_sphere:
        of = sphere_moments(op.activation, batch)
        return Columns(of.second, of.second - of.product, of.mean)
    of_gaussian = moments(op.activation)
    q = np.array([state.q])
    lost, _ = kernel(op.activation)(q, np.array([state.a / state.q]))
    return Columns(float(of_gaussian.second(q)[0]), float(lost[0]), float(of_gaussian.mean(q)[0]))


def _backward(ops: Sequence[Op], states: Sequence[Columns], gradients: Gradients, batch: int, lines: Lines | None) -> Gradients:
    """Gradients of the input of these ops for those of their output. A norm is passed together with the φ behind it."""
    behind = _IDENTITY
    for op, before in reversed([*zip(ops, states, strict=False)]):
        if isinstance(op, Residual):
            gradients = _through_block(op, before, gradients, batch, lines)
        elif isinstance(op, Activate) and before.on_sphere:
            behind = op.activation
        elif isinstance(op, Activate):
            q, eps = np.array([before.q]), np.array([before.a / before.q])
            diagonal, (_, beside) = float(moments(op.activation).slope(q)[0]), kernel(op.activation)(q, eps)
            gradients = gradients.times(diagonal, float(beside[0]))
        elif isinstance(op, Normalize):
            gradients = _through_norm(sphere_moments(behind, batch), before.a, gradients, batch)
            behind = _IDENTITY
        else:
            gradients = _through_map(op, before, gradients, batch, lines)
    return gradients


def _through_block(op: Residual, before: Columns, gradients: Gradients, batch: int, lines: Lines | None) -> Gradients:
    states = _forward(op.branch, before, batch, None)
    past, scale = op.skip_scale**2, op.branch_scale**2
    if not scale:
        _backward(op.branch, states, Gradients(-math.inf, 0.0), batch, lines)
        return gradients.times(past, past)
    through = _backward(op.branch, states, gradients.times(scale, scale), batch, lines)
    return gradients.times(past, past).plus(through)


def _through_norm(of: SphereMoments, a: float, gradients: Gradients, batch: int) -> Gradients:
    if a == 0:  # nothing to divide by: inputs do not differ, and nothing comes back
        return Gradients(-math.inf, -1 / (batch - 1))
    diagonal = ((batch - 1) * of.m - of.s - gradients.ratio * (batch - 1) * (of.m11 + of.e)) / (a * (batch - 3))
    return Gradients(gradients.log_d + _log(diagonal), -1 / (batch - 1))


def _through_map(op: Op, before: Columns, gradients: Gradients, batch: int, lines: Lines | None) -> Gradients:
    assert isinstance(op, Linear) and isinstance(op.weight, Variance)
    if lines:
        if op.name in FIRST_MAPS:
            lines.note("delta", gradients.log_d)
        together = before.q + (batch - 1) * gradients.ratio * (before.q - before.a)
        lines.note(op.name, gradients.log_d + _log(batch * together))
    factor = op.weight.value * op.fan_out / op.fan_in
    return gradients.times(factor, factor)


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf
