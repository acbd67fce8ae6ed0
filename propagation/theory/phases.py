"""Phases: where in the plane of σ_w² and σ_b² a deep net is ordered, critical or chaotic.

Sources: Poole et al. 2016 (arXiv 1606.05340), Schoenholz et al. 2017 (1611.01232).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from propagation.theory.fixed_points import brackets, polish
from propagation.theory.maps import CRITICAL, chi_1, correlation_fixed_point, depth_scale, fixed_point
from propagation.theory.moments import moments

Array = np.ndarray

#: the scan of the critical line, in ln q
_GRID = np.arange(-50, 50.01, 0.05)
_SECTIONS = 16
_ROUNDS = 11
#: a mean squared slope below this is none: what is divided by it would be rounding
_LEVEL = 1e-150
#: V′(q) above 1 by this is still taken for 1: sizes leave such a point over 100,000 layers, and the end of a line of critical points, where
#: V′ = 1, is not lost to the digits with which σ_b² is written
_HALF_STABLE = 1e-5


def phase_of(chi: float) -> str:
    """ "ordered" (χ₁ < 1: gradients vanish, inputs merge), "critical" (|ln χ₁| < CRITICAL) or "chaotic" (χ₁ > 1)."""
    if abs(chi - 1) < CRITICAL:
        return "critical"
    return "ordered" if chi < 1 else "chaotic"


def phase(activation: str, weight_variance: float, bias_variance: float, start: float = 1.0) -> str:
    """Phase at the fixed point that `start` tends to; of a dying or diverging signal, by χ₁ at 0 or at infinity."""
    return phase_of(float(chi_1(fixed_point(activation, weight_variance, bias_variance, start), activation, weight_variance)))


def critical_line(activation: str, bias_variances: Array) -> Array:
    """The σ_w² with χ₁ = 1 at a stable fixed point, for each of `bias_variances`, (k,): the smallest, NaN where there is none.

    Along the line, σ_w² = 1/E[φ′²] and σ_b² = q − E[φ²]/E[φ′²] with q = q* as parameter. At σ_b² = 0 the fixed point may be 0, if it
    attracts, or any q, in the ReLU family. Source: Schoenholz et al. 2017, section 3.
    """
    bias = np.asarray(bias_variances, dtype=float)
    of = moments(activation)
    answer = np.full(bias.shape, np.nan)
    if of.phi_zero == 0 and of.slope_at_zero > 0:
        answer[bias == 0] = _critical_at_zero(activation)
    if of.activation.homogeneous:
        return answer
    on_line = _bias_on_line(activation, _GRID)
    excess = on_line - bias[:, None]
    seen = np.abs(excess) > 1e-13 * np.exp(_GRID)
    members, cells = np.nonzero((excess[:, :-1] * excess[:, 1:] < 0) & seen[:, :-1] & seen[:, 1:])
    low, width = _GRID[cells], _GRID[1] - _GRID[0]
    fractions = np.linspace(0, 1, _SECTIONS + 1)
    rising = excess[members, cells] < 0
    for _ in range(_ROUNDS if cells.size else 0):
        points = low[:, None] + width * fractions
        before = (_bias_on_line(activation, points) < bias[members, None]) == rising[:, None]
        low = low + width * fractions[np.maximum(np.argmin(before, axis=1), 1) - 1]
        width = width / _SECTIONS
    q = np.exp(low + width / 2)
    slope = of.slope(q)
    stable = (of.growth(q) < (1 + _HALF_STABLE) * slope) & (slope > _LEVEL)
    np.fmin.at(answer, members[stable], 1 / slope[stable])
    return answer


@lru_cache(maxsize=1024)
def critical_weight_variance(activation: str, bias_variance: float) -> float:
    """The critical σ_w² at this σ_b²: χ₁ = 1 at a stable fixed point. NaN where there is none, as for softplus and for ReLU with a bias.

    See `critical_line`.
    """
    return float(critical_line(activation, np.array([bias_variance], dtype=float))[0])


@lru_cache(maxsize=256)
def critical_pair(activation: str) -> tuple[float, float] | None:
    """Return the critical (σ_w², σ_b²) of the smallest σ_b² > 0 with one, where none is critical below; None where there is none at all.

    GELU: (1.983, 0.173). There V′(q) = χ₁ = 1: on the critical line, to which smaller q belong, sizes run away from it. σ_b² is
    rounded up to three digits, which is on the stable side.
    """
    of = moments(activation)
    if of.activation.homogeneous:
        return None
    q = np.exp(_GRID)
    slope, bias = of.slope(q), _bias_on_line(activation, _GRID)
    with np.errstate(invalid="ignore"):
        margin = np.where((slope > _LEVEL) & (bias > 0), of.growth(q) / np.where(slope > _LEVEL, slope, 1.0) - 1, np.nan)
        cells = np.flatnonzero((margin[:-1] > _HALF_STABLE) & (margin[1:] <= 0))
    if not cells.size:
        return None
    low, high = _GRID[cells[0]], _GRID[cells[0] + 1]
    for _ in range(50):
        middle = (low + high) / 2
        unstable = of.growth(np.exp(middle)) > of.slope(np.exp(middle))
        low, high = (middle, high) if unstable else (low, middle)
    edge = float(_bias_on_line(activation, np.array([high]))[0])
    unit = 10.0 ** (np.floor(np.log10(edge)) - 2)
    bias_variance = float(f"{np.ceil(edge / unit) * unit:.3g}")
    weight_variance = critical_weight_variance(activation, bias_variance)
    return (weight_variance, bias_variance) if np.isfinite(weight_variance) else None


def _bias_on_line(activation: str, t: Array) -> Array:
    """σ_b² = q − E[φ²]/E[φ′²] at q = eᵗ; NaN where φ is level as far as √q reaches, as x − tanh x is to rounding."""
    of = moments(activation)
    q = np.exp(t)
    slope = of.slope(q)
    weight_variance = 1 / np.where(slope > _LEVEL, slope, np.nan)
    return -of.gap(q, weight_variance, 0.0)[0]


def _critical_at_zero(activation: str) -> float:
    """Critical σ_w² at σ_b² = 0 with φ(0) = 0: 1/S where the marginal point 0 attracts, or where every q is fixed; else NaN."""
    of = moments(activation)
    weight_variance = 1 / of.slope_at_zero
    if of.activation.homogeneous or fixed_point(activation, weight_variance, 0.0, 1e-6) == 0:
        return weight_variance
    return np.nan


@dataclass(frozen=True)
class PhaseGrid:
    """The plane: `weight_variances` (m,) across, `bias_variances` (k,) up; `q_star`, `chi_1`, `c_star`, `xi_c` are (k, m).

    q* is inf where the signal explodes, c* and ξ_c are NaN where undefined (see `maps.DepthScales`). `critical` (k,) is the critical line.
    """

    weight_variances: Array
    bias_variances: Array
    q_star: Array
    chi_1: Array
    c_star: Array
    xi_c: Array
    critical: Array


def phase_grid(activation: str, weight_variances: Array, bias_variances: Array, start: float = 1.0) -> PhaseGrid:
    """Fixed points, χ₁ and correlation depths at every pair of a weight variance, (m,), and a bias variance, (k,), both ≥ 0."""
    weights, biases = (np.asarray(values, dtype=float) for values in (weight_variances, bias_variances))
    q_star, chi = settled_grid(activation, weights, biases, start)
    weight = np.broadcast_to(weights, q_star.shape)
    c_star, chi_c = (values.reshape(q_star.shape) for values in correlation_fixed_point(q_star.ravel(), activation, weight.ravel()))
    return PhaseGrid(weights, biases, q_star, chi, c_star, depth_scale(chi_c), critical_line(activation, biases))


def settled_grid(activation: str, weights: Array, biases: Array, start: float = 1.0) -> tuple[Array, Array]:
    """Return q* and χ₁ at every pair of a weight variance, (m,), and a bias variance, (k,): two (k, m) arrays."""
    pieces = [brackets(activation, float(weight), biases, start) for weight in weights]
    known, low, high = (np.stack(piece, axis=1) for piece in zip(*pieces, strict=True))
    weight, bias = (grid.ravel() for grid in np.meshgrid(weights, biases))
    q_star = polish(activation, weight, bias, known.ravel(), low.ravel(), high.ravel())
    chi = np.asarray(chi_1(q_star, activation, weight))
    return q_star.reshape(known.shape), chi.reshape(known.shape)
