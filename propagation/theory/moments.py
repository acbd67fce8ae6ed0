"""Moments: everything one Gaussian of variance q says about an activation, for any q, by closed forms or from one table.

With ψ = φ − φ(0), what is kept is E[ψ²] − S q for small q, S the mean squared slope at zero, and E[φ²] − S q for large q, S that at
infinity. So neither a variance E[φ²] − E[φ]² nor a gap V(q) − q loses its digits where the signal dies, explodes or barely moves.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from propagation.activations import Activation
from propagation.expressions import lookup
from propagation.theory.chebyshev import POINTS, SIZE, TRANSFORM, basis, panel_of
from propagation.theory.closed_forms import moments_of
from propagation.theory.gaussian import ORDER, half_line_rule

Array = np.ndarray

#: panels −EDGE … EDGE are tabulated, q from 2e-25 to 6e24; beyond, moments are powers of q to 1e-12
EDGE = 28
_LAST = 2.0 * EDGE + 1
#: below q = e⁻²⁷ = 2e-12 the difference φ − φ(0) runs out of digits, where φ(0) ≠ 0, and is linear to 1e-11; later where φ(0) is small
_FIRST_SHIFTED = -27.0
#: share of a slope's mean square by which two rules may differ in a panel that they resolve
_RESOLVED = 1e-9
#: and, as a share of the largest square of a slope there, the mean that is nothing
_NOTHING = 1e-15
#: share of what a panel of the table adds up from, below which a mean has lost its digits
_SEEN = 1e-6
#: a variance from which on no kink within reach of a mean of the biases is far out
_NO_TAIL = 1e4
#: relative difference of φ from a straight line that is rounding
_ROUNDING = 4e-16


class Basic(NamedTuple):
    """The moments all others follow from, each of the shape of q."""

    mean: Array  # E[ψ]
    remainder: Array  # E[ψ²] − S q for q < e, E[φ²] − S q above
    slope: Array  # E[φ′²]
    growth: Array  # dE[φ²]/dq = E[z φ φ′] / q
    odd: Array  # E[o²], o(z) = (φ(z) − φ(−z)) / 2
    line: Array  # S
    shift: Array  # E[φ²] − (S q + remainder)


class Logs(NamedTuple):
    """Natural logarithms of moments, and the sign of the mean."""

    second: Array  # ln E[φ²]
    centred: Array  # ln E[ψ²]
    slope: Array  # ln E[φ′²]
    mean: Array  # ln |E[ψ]|
    mean_sign: Array


class Moments:
    """Means over z = √q x, x ~ N(0, 1), of one activation.

    All methods take q ≥ 0 of any shape, 0 and inf included, and return that shape, to 1e-12 of the natural scale of each. Means of φ′ are
    NaN where φ waves for ever, as x + sin x does, and q is so large that this is not resolved (1,000 there).
    Sources: `chebyshev` for the table, `closed_forms`.
    """

    def __init__(self, activation: Activation):
        self.activation = activation
        self.phi_zero = activation.phi_zero
        left, right = activation.slopes_at_zero
        low, high = activation.slopes_at_infinity
        self.slope_at_zero = (left**2 + right**2) / 2
        self.slope_at_infinity = (low**2 + high**2) / 2
        grows = float(not activation.bounded)
        #: moments are these powers of q below and above the table
        self._below = Basic._make(np.array([0.5 if left != right else 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0]))
        self._above = Basic._make(
            np.array([0.5 * (low != high), 0.0, (grows - 1) / 2, 1.5 * (grows - 1), float(low + high != 0), 0.0, 0.0])
        )
        self._above_second = grows
        self._first = max(-_LAST, _FIRST_SHIFTED + 2 * min(0.0, np.log(abs(self.phi_zero)))) if self.phi_zero else -_LAST
        self._closed = moments_of(activation)
        self._table = np.empty(0) if self._closed else _tabulate(activation)
        #: the largest q whose means of φ′ are known
        self.resolved = np.inf
        if self._table.size and np.isnan(self._table[-1, 2, 0]):
            self.resolved = float(np.exp(2.0 * (np.argmax(np.isnan(self._table[:, 2, 0])) - EDGE) - 1))

    def second(self, q: float | Array) -> Array:
        """E[φ²]."""
        return self.mean_second_slope(np.asarray(q, dtype=float))[1]

    def mean(self, q: float | Array) -> Array:
        """E[φ]."""
        return self.phi_zero + self.basic(np.asarray(q, dtype=float)).mean

    def variance(self, q: float | Array) -> Array:
        """Var[φ] = E[ψ²] − E[ψ]²."""
        q = np.asarray(q, dtype=float)
        basic = self.basic(q)
        mean = np.where(np.isinf(basic.mean), 0.0, basic.mean)
        return self._centred(basic, q) - mean**2

    def mean_second_slope(self, q: Array) -> tuple[Array, Array, Array]:
        """E[φ], E[φ²] and E[φ′²], in a third of the time that they take one by one."""
        basic = self.basic(q)
        return self.phi_zero + basic.mean, np.maximum(_times(basic.line, q) + basic.remainder + basic.shift, 0.0), basic.slope

    def slope(self, q: float | Array) -> Array:
        """E[φ′²]."""
        return self.basic(np.asarray(q, dtype=float)).slope

    def growth(self, q: float | Array) -> Array:
        """dE[φ²]/dq = E[x φ φ′]/√q."""
        return self.basic(np.asarray(q, dtype=float)).growth

    def odd(self, q: float | Array) -> Array:
        """E[o²] of the odd part o(z) = (φ(z) − φ(−z))/2; E[φ²] − E[o²] is that of the even part."""
        return self.basic(np.asarray(q, dtype=float)).odd

    def gap(self, q: Array, weight_variance: float | Array, bias_variance: float | Array) -> tuple[Array, Array]:
        """V(q) − q, positive where a signal of size q grows, and V′(q) − 1; q finite and positive."""
        basic = self.basic(q)
        constant = weight_variance * (basic.remainder + basic.shift)
        return constant + q * (weight_variance * basic.line - 1) + bias_variance, weight_variance * basic.growth - 1

    def log_second(self, t: Array) -> Array:
        """ln E[φ²] at q = eᵗ, for any t as in `logs`."""
        inside = np.minimum(np.maximum(t, self._first), _LAST)
        return self._log_second(self._inside(inside, 2), inside, t)

    def seen(self, t: Array) -> tuple[Array, Array, Array]:
        """Return whether E[φ²], E[ψ²] and E[φ′²] at q = eᵗ are right to 1e-3 of themselves, and not only of the largest in their panel.

        They are not where all but the rarest neurons stand where φ, or its slope, is next to nothing, as those of relu(x − 10) do.
        """
        if self._closed is not None:
            return (np.ones(np.shape(t), dtype=bool),) * 3
        inside = np.clip(t, self._first, _LAST)
        basic, q = self._inside(inside), np.exp(inside)
        added = np.abs(self._table[:, :3]).sum(axis=-1)
        steepest = np.nanmax(added[:, 2])
        _, remainder, slope = np.moveaxis(added[panel_of(inside)[0] + EDGE], -1, 0)
        terms = remainder + basic.line * q
        least = np.maximum(_SEEN * terms, _NOTHING * steepest * np.minimum(q, _NO_TAIL))
        second = basic.line * q + basic.remainder + basic.shift
        return (
            second >= np.maximum(least, _SEEN * np.abs(basic.shift)),
            self._centred(basic, q) >= least,
            basic.slope >= np.maximum(_SEEN * slope, _NOTHING * steepest),
        )

    def _log_second(self, basic: Basic, inside: Array, t: Array) -> Array:
        with np.errstate(divide="ignore"):
            answer = np.log(np.maximum(basic.line * np.exp(inside) + basic.remainder + basic.shift, 0.0))
        if np.array_equal(inside, t):
            return answer
        beyond = t - inside
        return answer + _times(np.where(beyond > 0, self._above_second, float(self.phi_zero == 0)), beyond)

    def logs(self, t: Array) -> Logs:
        """Logarithms of the moments at q = eᵗ for any t: −inf, ±1e5 and +inf included."""
        inside = np.clip(t, self._first, _LAST)
        basic = self._inside(inside)
        q = np.exp(inside)
        beyond = t - inside
        above = beyond > 0
        with np.errstate(divide="ignore"):
            centred = np.log(np.maximum(self._centred(basic, q), 0.0)) + _times(np.where(above, self._above_second, 1.0), beyond)
            slope = np.log(basic.slope) + _times(np.where(above, self._above.slope, self._below.slope), beyond)
            mean = np.log(np.abs(basic.mean)) + _times(np.where(above, self._above.mean, self._below.mean), beyond)
        return Logs(self._log_second(basic, inside, t), centred, slope, mean, np.sign(basic.mean))

    def _inside(self, t: Array, fields: int = 5) -> Basic:
        """The basic moments at q = eᵗ in the range of the table, the first `fields` of those tabulated; the others 0."""
        if self._closed is not None:
            return Basic._make((*self._closed(np.exp(t)), np.zeros(np.shape(t))))
        index, x = panel_of(t)
        values = np.matmul(self._table[index + EDGE, :fields], basis(x)[..., None])[..., 0]
        if fields > 2:  # a mean square far below the largest of its panel, as where φ is flat around zero, may round to less than nothing
            np.maximum(values[..., 2], 0.0, out=values[..., 2])
        low = index <= _last_small(self.activation)
        mean = values[..., 0]
        line = np.where(low, self.slope_at_zero, self.slope_at_infinity)
        shift = np.where(low, self.phi_zero * (self.phi_zero + 2 * mean), 0.0) if self.phi_zero else np.zeros_like(mean)
        return Basic._make((*np.moveaxis(values, -1, 0), *[0.0] * (5 - fields), line, shift))

    def _centred(self, basic: Basic, q: Array) -> Array:
        """E[ψ²], which is E[φ²] where φ(0) = 0."""
        whole = _times(basic.line, q) + basic.remainder
        if not self.phi_zero:
            return whole
        return np.where(basic.shift != 0, whole, whole - np.where(np.isinf(whole), 0.0, self.phi_zero * (self.phi_zero + 2 * basic.mean)))

    def basic(self, q: Array) -> Basic:
        """The basic moments at any q."""
        with np.errstate(divide="ignore"):
            t = np.log(q)
        inside = np.clip(t, self._first, _LAST)
        beyond = t - inside
        basic = self._inside(inside)
        if not np.any(beyond):
            return basic
        powers = zip(basic, self._below, self._above, strict=True)
        with np.errstate(over="ignore"):
            basic = Basic._make(value * np.exp(_times(np.where(beyond > 0, above, below), beyond)) for value, below, above in powers)
        # the limits are known, so they need not be 1e-13 off
        slope = np.where(beyond < 0, self.slope_at_zero, basic.slope)
        growth = np.where((beyond < 0) & (self.phi_zero == 0), self.slope_at_zero, basic.growth)
        if not self.activation.bounded:
            slope, growth = (np.where(beyond > 0, self.slope_at_infinity, value) for value in (slope, growth))
        return basic._replace(slope=slope, growth=growth)


def _times(a: float | Array, b: Array) -> Array:
    """a b, with 0 · inf = 0."""
    return a * np.where((a == 0) & np.isinf(b), 0.0, b)


@lru_cache(maxsize=64)
def moments(activation: str) -> Moments:
    """The moments of the activation called so; ValueError for a name that is not known."""
    return Moments(lookup(activation))


@lru_cache(maxsize=4)
def _rules(kinks: tuple[float, ...]) -> list[tuple[Array, Array]]:
    """The half-line rule of every panel, for the variances at its Chebyshev points."""
    return [half_line_rule(np.exp(2.0 * index + POINTS), kinks) for index in range(-EDGE, EDGE + 1)]


def _last_small(activation: Activation) -> int:
    """The last panel of variances that φ's slope at zero describes: up to q = 1, or as far as S q stays below 1."""
    left, right = activation.slopes_at_zero
    return -int(np.rint(np.log(max((left**2 + right**2) / 2, 1.0)) / 2))


def _tabulate(activation: Activation) -> Array:
    """Chebyshev coefficients of the first five fields of `Basic`, (panels, 5, SIZE)."""
    rules = _rules(_edges(activation))
    lengths = [nodes.size for nodes, _ in rules]
    z = np.concatenate([nodes for nodes, _ in rules])
    small = np.repeat(np.arange(-EDGE, EDGE + 1) <= _last_small(activation), lengths)
    right, left = (activation.phi(side) for side in (z, -z))
    right_slope, left_slope = (activation.dphi(side) for side in (z, -z))
    shift = np.where(small, activation.phi_zero, 0.0)
    remainder = np.zeros_like(z)
    for value, side in ((right, 1), (left, 0)):
        line = (2 * side - 1) * z * np.where(small, activation.slopes_at_zero[side], activation.slopes_at_infinity[side])
        difference = value - shift - line
        difference[np.abs(difference) <= _ROUNDING * np.abs(line)] = 0.0
        remainder += difference * (value - shift + line)
    integrands = np.stack(
        (
            (right - activation.phi_zero) + (left - activation.phi_zero),
            remainder,
            right_slope**2 + left_slope**2,
            z * (right * right_slope - left * left_slope),
            (right - left) ** 2 / 2,
        ),
        axis=1,
    )
    table = np.empty((2 * EDGE + 1, 5, SIZE))
    pieces = np.split(integrands, np.cumsum(lengths)[:-1])
    for panel, ((_, weights), integrand) in enumerate(zip(rules, pieces, strict=True)):
        samples = weights @ integrand
        samples[:, 3] /= np.exp(2.0 * (panel - EDGE) + POINTS)
        table[panel] = (TRANSFORM @ samples).T
    lost = _first_unresolved(activation, rules)
    if lost < len(rules):
        table[lost:, 1] = np.where(np.arange(SIZE) == 0, _remainder(activation, float(np.exp(2.0 * (lost - EDGE) - 1))), 0.0)
        table[lost:, 2:4] = np.nan
    return table


def _remainder(activation: Activation, q: float) -> float:
    """E[φ²] − S q with the slopes at infinity, which is what waves come to: their mean square."""
    z, weights = half_line_rule(np.array([q]), _edges(activation))
    second = weights[0] @ (activation.phi(z) ** 2 + activation.phi(-z) ** 2)
    return float(second - np.mean(np.square(activation.slopes_at_infinity)) * q)


def _edges(activation: Activation) -> tuple[float, ...]:
    """Where φ or its mirror image has a kink or changes fast."""
    return tuple(sorted({abs(edge) for edge in activation.kinks + activation.breakpoints} - {0.0}))


def _first_unresolved(activation: Activation, rules: list[tuple[Array, Array]]) -> int:
    """The first panel whose rule does not resolve φ′², as one that waves for ever is beyond some variance: twice the nodes say otherwise.

    The number of panels where there is none.
    """
    for index in range(EDGE + 1, len(rules)):
        nodes, weights = rules[index]
        between = (nodes[1:] + nodes[:-1])[ORDER // 2 - 1 :: ORDER] / 2  # every panel's middle
        finer = half_line_rule(np.exp(2.0 * (index - EDGE) + POINTS), (*_edges(activation), *between))
        coarse, fine = (w @ (activation.dphi(z) ** 2 + activation.dphi(-z) ** 2) for z, w in ((nodes, weights), finer))
        nothing = _NOTHING * np.max(np.square([activation.dphi(nodes), activation.dphi(-nodes)]))
        if np.any(np.abs(coarse - fine) > _RESOLVED * fine + nothing):
            return index
    return len(rules)
