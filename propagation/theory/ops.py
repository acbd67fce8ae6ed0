"""Ops of the theory: what each op of an architecture does to the columns of a batch, and to their gradients, at infinite width.

The twin of `engine.ops`: `forward` takes the state before an op and returns the one after it, `backward` takes ln E[(∂C_b/∂(output))²] of
each column b and returns that of its input. `curve` and `spectral` are for what travels with the signal: a curve of inputs, the singular
values of the Jacobian. An op that has no law for one of these raises NoLaw, and its line is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import numpy as np

from propagation.expressions import lookup, shifted
from propagation.ops import Activate, Attend, Dropout, Gate, Linear, Normalize, Op, Patches, Residual, UnitVarianceOnData
from propagation.theory.closed_forms import bend_of
from propagation.theory.gate import GateLaw
from propagation.theory.gaussian import gaussian_mean
from propagation.theory.kernel import kernel
from propagation.theory.moments import Logs, Moments, moments
from propagation.theory.normalize import NormalizeLaw
from propagation.theory.op import Array, NoLaw, Spectral, State, TheoryOp, log_sum
from propagation.theory.residual import ResidualLaw
from propagation.theory.s_transform import PSI, log_s_of_slopes, squared_slopes


class LinearLaw(TheoryOp):
    """z = W h + b: sizes around E[b] q ← σ_w² E[h²] + σ_b², products likewise, gradients × σ_w² n_out/n_in."""

    def __init__(self, op: Linear) -> None:
        self.op = op
        self.forward_key = (op.weight, op.bias_variance, op.bias_mean)
        self._log_weight = None if isinstance(op.weight, UnitVarianceOnData) else _log(op.weight.value)
        self._log_bias = _log(op.bias_variance)
        self._log_fans = _log(op.fan_out / op.fan_in)

    def weight_variance(self, state: State) -> float:
        """Return σ_w², which the batch before it may decide."""
        rule = self.op.weight
        return float(np.exp(self.log_weight_variance(state))) if isinstance(rule, UnitVarianceOnData) else rule.value

    def log_weight_variance(self, state: State) -> float:
        """Return ln σ_w²; `state` is the one before the op, around zero."""
        return -state.log_mean if self._log_weight is None else self._log_weight

    def forward(self, state: State) -> State:
        state = state.around_zero()
        log_weight = self.log_weight_variance(state)
        after = State(log_sum(log_weight + state.log_sizes, self._log_bias), state.shares, state.pairs)
        after.mean = self.op.bias_mean
        if state.eps is not None and not (state.in_range and after.in_range):
            after.eps = np.full(state.eps.shape, np.nan)
        elif state.eps is not None:
            # E(z_b − z_b′)² = σ_w² E(h_b − h_b′)²: with half the difference d of log sizes it is 2 √(q q′) (cosh d − 1 + ε)
            (first, second), (first_after, second_after) = state.log_sizes_of_pairs(), after.log_sizes_of_pairs()
            kept = np.exp(log_weight + (first + second - first_after - second_after) / 2)
            apart = kept * (_cosh_less_one((first - second) / 2) + state.eps) - _cosh_less_one((first_after - second_after) / 2)
            after.eps = np.clip(apart, 0.0, 2.0)
        return after

    def backward(self, log_gradient: Array, state: State) -> Array:
        return log_gradient + (self.log_weight_variance(state) + self._log_fans)

    def curve(self, states: Sequence[State]) -> tuple[Array, Array]:
        return np.array([self.weight_variance(state) for state in states]), np.zeros(len(states))

    def spectral(self, state: State, law: str) -> Spectral:
        log_weight = self.log_weight_variance(state)
        rows_are_free = law == "gaussian"
        log_s = np.full(PSI.size, -log_weight) - (np.log1p(PSI) if rows_are_free else 0.0)
        return Spectral(float(np.exp(log_weight + self._log_fans)), log_s, float(rows_are_free))


class ActivateLaw(TheoryOp):
    """h = φ(z) of Gaussian z: sizes E[φ²], products E[φ φ′], gradients × E[φ′²]. Where z has a mean b, φ is φ(· + b)."""

    def __init__(self, op: Activate) -> None:
        self.op = op
        self.forward_key = op

    def activation(self, state: State) -> str:
        """Return the name of what φ does to the part of the state around its mean."""
        return shifted(self.op.activation, state.mean)

    def moments(self, state: State) -> Moments:
        """Return the moments of this."""
        return moments(self.activation(state))

    def forward(self, state: State) -> State:
        if not state.is_gaussian or state.find_ratios is not None:
            raise NoLaw("Theory has no line here: what comes to φ is not Gaussian with mean 0.")
        of = self.moments(state)
        after = State(of.log_second(state.log_sizes), state.shares, state.pairs, is_gaussian=False)
        after.find_ratios = partial(self._ratios, of, state.log_sizes, after.log_sizes)
        if state.mean:  # what a table does not see is nothing to the next layer
            after.log_sizes = np.where(of.seen(state.log_sizes)[0], after.log_sizes, -np.inf)
        if state.eps is not None:
            (after.eps,) = self._apart([state])
        return after

    def _ratios(self, of: Moments, log_sizes: Array, log_second: Array) -> Array:
        """E[φ]/√E[φ²], (m,)."""
        logs = of.logs(log_sizes)
        with np.errstate(invalid="ignore"):  # of a φ that is nothing
            mean = logs.mean_sign * np.exp(logs.mean - log_second / 2) + of.phi_zero * np.exp(-log_second / 2)
        return np.nan_to_num(np.clip(mean, -1.0, 1.0))

    def forward_all(self, states: Sequence[State]) -> list[State]:
        if len(states) == 1 or any(state.mean or state.find_ratios is not None or not state.is_gaussian for state in states):
            return super().forward_all(states)
        of = self.moments(states[0])
        sizes = of.log_second(np.stack([state.log_sizes for state in states]))
        apart = [None for _ in states] if states[0].eps is None else self._apart(states)
        found = []
        for state, after, eps in zip(states, sizes, apart, strict=True):
            found.append(State(after, state.shares, state.pairs, eps, is_gaussian=False))
            found[-1].find_ratios = partial(self._ratios, of, state.log_sizes, after)
        return found

    def _apart(self, states: Sequence[State]) -> list[Array]:
        """Return 1 − c after φ of the pairs of each state, all of one mean; NaN where sizes are out of range."""
        before = np.array([state.eps for state in states])
        after = np.full(before.shape, np.nan)
        known = [place for place, state in enumerate(states) if state.in_range]
        if known:
            together = np.exp(np.array([np.add(*states[place].log_sizes_of_pairs()) for place in known]) / 2)
            lost, _ = kernel(self.activation(states[0]))(together, before[known])
            kept = self.moments(states[0]).second(together)
            after[known] = lost / np.where(kept > 0, kept, 1.0)
        return list(after)

    def prepare(self, states: Sequence[State]) -> None:
        sizes = np.stack([state.log_sizes for state in states])
        of = self.moments(states[0])  # one op, and so one mean
        logs = of.logs(sizes)
        if states[0].mean:
            second, centred, slope = (np.where(seen, 0.0, np.nan) for seen in of.seen(sizes))
            logs = logs._replace(second=logs.second + second, centred=logs.centred + centred, slope=logs.slope + slope)
        for place, state in enumerate(states):
            state.logs = Logs(*(values[place] for values in logs))

    def backward(self, log_gradient: Array, state: State) -> Array:
        assert state.logs is not None
        return log_gradient + state.logs.slope

    def curve(self, states: Sequence[State]) -> tuple[Array, Array]:
        if not states:  # in a network that has died
            return np.empty(0), np.empty(0)
        q = np.exp([state.log_sizes[0] for state in states])
        return self.moments(states[0]).slope(q), bend(self.activation(states[0]), q)

    def spectral(self, state: State, law: str) -> Spectral:
        slopes, chances = squared_slopes(self.activation(state), float(np.exp(state.log_sizes[0])))
        mean = float(chances @ slopes)
        if mean == 0:
            return Spectral(0.0, np.zeros(PSI.size), 0.0)
        return Spectral(mean, log_s_of_slopes(slopes, chances), float(chances @ slopes**2) / mean**2 - 1)


class DropoutLaw(TheoryOp):
    """h̃ = h m/p: sizes × 1/p, products of two columns as they were, gradients × 1/p. Source: Schoenholz et al. 2017, section 5."""

    def __init__(self, op: Dropout) -> None:
        self.keep = op.keep
        self.forward_key = op
        self._log_keep = math.log(op.keep)

    def forward(self, state: State) -> State:
        eps = None if state.eps is None else 1 - self.keep * (1 - state.eps)
        after = State(state.log_sizes - self._log_keep, state.shares, state.pairs, eps, is_gaussian=False)
        after.find_ratios = lambda: state.ratios * math.sqrt(self.keep)
        return after

    def backward(self, log_gradient: Array, state: State) -> Array:
        return log_gradient - self._log_keep

    def spectral(self, state: State, law: str) -> Spectral:
        squares, chances = np.array([0.0, self.keep**-2]), np.array([1 - self.keep, self.keep])
        return Spectral(1 / self.keep, log_s_of_slopes(squares, chances), 1 / self.keep - 1)


class PatchesLaw(TheoryOp):
    """Positions that are all alike: sizes and products as they were, and each hears of the gradients of `taps` of them."""

    def __init__(self, op: Patches) -> None:
        self.forward_key = "patches"
        self._log_taps = math.log(op.taps)

    def forward(self, state: State) -> State:
        return state

    def backward(self, log_gradient: Array, state: State) -> Array:
        return log_gradient + self._log_taps


def _residual_law(op: Residual) -> ResidualLaw:
    return ResidualLaw(op, tuple(map(theory_op, op.branch)))


def _gate_law(op: Gate) -> GateLaw:
    return GateLaw(op, theory_op(op.gate), theory_op(Activate(op.activation)), theory_op(op.up))


def _attention_law(op: Attend) -> TheoryOp:
    raise NoLaw("Tokens of a sequence have laws of their own, in `theory.tokens`.")


#: what stands for each op of an architecture
THEORY_OPS: dict[type, Callable[..., TheoryOp]] = {
    Linear: LinearLaw,
    Activate: ActivateLaw,
    Normalize: NormalizeLaw,
    Dropout: DropoutLaw,
    Patches: PatchesLaw,
    Gate: _gate_law,
    Attend: _attention_law,
    Residual: _residual_law,
}


@lru_cache(maxsize=4096)
def theory_op(op: Op) -> TheoryOp:
    """Return what stands for this op."""
    return THEORY_OPS[type(op)](op)


def bend(activation: str, q: Array) -> Array:
    """Return E[φ″(√q x)²], (k,), to 1e-10; NaN where φ has corners, in which φ″ is infinite, where q is NaN, and for waves at large q.

    A jump of φ″, as ELU and softsign have one at 0, is no corner.
    """
    answer = np.full(np.shape(q), np.nan)
    known = np.isfinite(q) & (q <= moments(activation).resolved)
    phi = lookup(activation)
    if not phi.corners and np.any(known):
        mean = bend_of(phi)
        edges = phi.kinks + phi.breakpoints
        answer[known] = mean(q[known]) if mean else gaussian_mean(lambda z: phi.second_derivative(z) ** 2, q[known], edges)
    return answer


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


def _cosh_less_one(x: Array) -> Array:
    """cosh x − 1 with all its digits."""
    return 2 * np.sinh(x / 2) ** 2
