"""Maps: what one layer of an infinitely wide network does to the size q and to the correlation c of its signals.

z^l = W h^(l−1) + b, h = φ(z), W_ij ~ N(0, σ_w²/fan_in), b_i ~ N(0, σ_b²); V(q) = σ_w² E[φ(√q x)²] + σ_b².
Sources: Poole et al. 2016 (arXiv 1606.05340), Schoenholz et al. 2017 (1611.01232).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from propagation.theory.fixed_points import FixedPoint, all_fixed_points, limits
from propagation.theory.kernel import kernel
from propagation.theory.moments import moments

Array = np.ndarray

#: |ln χ| below which a decay is called critical: deeper than a million layers
CRITICAL = 1e-6
_NEWTON_STEPS = 80


def length_map(q: float | Array, activation: str, weight_variance: float | Array, bias_variance: float | Array) -> Array:
    """Size after one layer, V(q) = σ_w² E[φ(√q x)²] + σ_b².

    q: variance, scalar or any shape, inf included, broadcast with the variances. Returns their common shape. ValueError where q is below 0
    or not a number.
    Source: Poole et al. 2016, eq. 3.
    """
    _check_sizes(q)
    with np.errstate(invalid="ignore"):  # without weights, of any size, nothing is left
        return np.where(np.equal(weight_variance, 0), bias_variance, weight_variance * moments(activation).second(q) + bias_variance)


def length_slope(q: float | Array, activation: str, weight_variance: float | Array) -> Array:
    """V′(q) = σ_w² E[x φ φ′]/√q, which is right with kinks too.

    q: scalar or any shape, 0 and inf included (limits). Returns that shape. ValueError where q is below 0 or not a number.
    """
    _check_sizes(q)
    return weight_variance * moments(activation).growth(q)


def chi_1(q: float | Array, activation: str, weight_variance: float | Array) -> Array:
    """Mean squared slope of a layer, χ₁ = σ_w² E[φ′(√q x)²]: what one layer does to the size of a gradient, and C′(1) at a fixed point.

    q: scalar or any shape, 0 and inf included (limits). Returns that shape. ValueError where q is below 0 or not a number.
    Source: Schoenholz et al. 2017, eq. 5.
    """
    _check_sizes(q)
    return weight_variance * moments(activation).slope(q)


def _check_sizes(q: float | Array) -> None:
    if not np.all(np.asarray(q) >= 0):
        raise ValueError("a size q must be a number of at least 0")


def correlation_map(
    c: float | Array, q: float | Array, activation: str, weight_variance: float | Array, bias_variance: float | Array
) -> Array:
    """Correlation after one layer of two inputs of size q, C(c) = (σ_w² E[φ(u₁) φ(u₂)] + σ_b²) / V(q), Var u = q, Cov u = q c.

    At a fixed point V(q) = q; elsewhere the slope at 1 is χ₁ q/V(q). c in [−1, 1] and q ≥ 0 finite, scalars or arrays, broadcast, as are
    the variances. Returns their common shape, NaN where V(q) = 0 leaves the correlation undefined. ValueError where c or q is outside.
    Source: Poole et al. 2016, eq. 5.
    """
    c, q = np.broadcast_arrays(np.asarray(c, dtype=float), np.asarray(q, dtype=float))
    if not (np.all(np.abs(c) <= 1) and np.all(np.isfinite(q) & (q >= 0))):
        raise ValueError("a correlation map needs c in [-1, 1] and a finite q of at least 0")
    after = np.asarray(length_map(q, activation, weight_variance, bias_variance))
    d, _ = kernel(activation)(np.where(q > 0, q, 1.0), 1 - c)
    lost = weight_variance * np.where(q > 0, d, 0.0)
    return np.where(after > 0, np.maximum(1 - lost / np.where(after > 0, after, 1.0), -1.0), np.nan)


def fixed_points(activation: str, weight_variance: float, bias_variance: float) -> tuple[FixedPoint, ...]:
    """Every finite q* = V(q*), smallest first, each with its stability; see `FixedPoint`.

    Where every q is fixed (ReLU family and linear at σ_w² E[φ′²] = 1, σ_b² = 0) only 0 is listed, as marginal.
    """
    return all_fixed_points(activation, weight_variance, bias_variance)


@lru_cache(maxsize=1024)
def fixed_point(activation: str, weight_variance: float, bias_variance: float, start: float = 1.0) -> float:
    """The size q* that q ← V(q) tends to from `start`: inf where the signal explodes, 0.0 where it dies, `start` where nothing moves."""
    return float(limits(activation, weight_variance, np.array([bias_variance], dtype=float), start)[0])


@dataclass(frozen=True)
class DepthScales:
    """How fast a net forgets: fixed point q*, correlation c* it draws two inputs to, slopes, and the depths ξ = −1/ln slope in layers.

    `xi_q` belongs to `q_slope` = V′(q*), `xi_c` to `chi_c` = C′(c*), `xi_gradient` to `chi_1`: inf at criticality, negative where it grows,
    0 where the slope is 0. NaN where the quantity is undefined: a signal that dies has no correlation, and a linear net with σ_b² = 0 keeps
    every correlation. A signal is legible to about 6 ξ_c layers (Schoenholz et al. 2017).
    """

    q_star: float
    c_star: float
    q_slope: float
    chi_1: float
    chi_c: float
    xi_q: float
    xi_c: float
    xi_gradient: float


def depth_scales(activation: str, weight_variance: float, bias_variance: float, start: float = 1.0) -> DepthScales:
    """Depth scales at the fixed point that `start` tends to."""
    return depth_scales_at(fixed_point(activation, weight_variance, bias_variance, start), activation, weight_variance)


def depth_scales_at(q_star: float, activation: str, weight_variance: float) -> DepthScales:
    """Depth scales at a given fixed point; σ_b² is what makes it one."""
    return depth_scales_of(np.array([q_star]), activation, np.array([weight_variance]))[0]


def depth_scales_of(q_stars: Array, activation: str, weight_variances: Array) -> list[DepthScales]:
    """Return the depth scales at many fixed points, (k,), each with a σ_w² of its own."""
    c_star, chi_c = correlation_fixed_point(q_stars, activation, weight_variances)
    slope, chi = length_slope(q_stars, activation, weight_variances), chi_1(q_stars, activation, weight_variances)
    columns = (q_stars, c_star, slope, chi, chi_c, *map(depth_scale, (slope, chi_c, chi)))
    return [DepthScales(*row) for row in np.stack(columns, axis=1).tolist()]


def depth_scale(slope: float | Array) -> Array:
    """ξ = −1/ln |slope| in layers: inf where |ln |slope|| < CRITICAL, 0 where the slope is 0, negative where it exceeds 1."""
    slope = np.abs(np.asarray(slope, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.log(slope)
        return np.where(np.abs(rate) < CRITICAL, np.inf, -1 / rate)


def correlation_fixed_point(q_star: Array, activation: str, weight_variance: float | Array) -> tuple[Array, Array]:
    """The correlation c* that two inputs are drawn to at length fixed points q*, and the slope C′(c*) there.

    q_star of any shape, weight_variance broadcast. Returns two arrays of the common shape. On [0, 1] C is a power series with coefficients
    ≥ 0, so convex: c* = 1 where χ₁ ≤ 1, otherwise the one root below 1, which Newton's method reaches monotonically from c = 0.
    A diverging signal sees φ as two straight lines, a ReLU whose correlation creeps to 1 with slope 1.
    """
    q_star, weight_variance = np.broadcast_arrays(np.asarray(q_star, dtype=float), np.asarray(weight_variance, dtype=float))
    of = moments(activation)
    chi = weight_variance * of.slope(q_star)
    c_star, chi_c = np.ones(q_star.shape), np.array(chi)
    left, right = of.activation.slopes_at_infinity
    undefined = (q_star == 0) | (np.isinf(q_star) & (left == right)) | _keeps_every_correlation(of.activation, chi)
    c_star[undefined] = chi_c[undefined] = np.nan
    exploding = np.isinf(q_star) & (left != right)
    chi_c[exploding] = 1.0

    chaotic = np.flatnonzero(((chi > 1 + CRITICAL) & np.isfinite(q_star) & ~undefined).ravel())
    if chaotic.size:
        q, weight = q_star.ravel()[chaotic], weight_variance.ravel()[chaotic]
        eps, slope = _decorrelated(q, activation, weight)
        c_star.ravel()[chaotic], chi_c.ravel()[chaotic] = 1 - eps, slope
    return c_star, chi_c


def _keeps_every_correlation(activation, chi: Array) -> Array:
    """Where C(c) = c: a linear net that keeps the size of its signals, which only σ_b² = 0 allows."""
    left, right = activation.slopes_at_zero
    return (np.abs(chi - 1) < CRITICAL) & (activation.homogeneous and left == right)


def _decorrelated(q: Array, activation: str, weight_variance: Array) -> tuple[Array, Array]:
    """The root ε in (0, 1] of 1 − C(1 − ε) = ε, and the slope of C there; (k,) arrays, χ₁ > 1."""
    table = kernel(activation)
    eps = np.ones_like(q)
    slope = np.empty_like(q)
    active = np.arange(q.size)
    for _ in range(_NEWTON_STEPS):
        d, m = table(q[active], eps[active])
        slope[active] = weight_variance[active] * m
        step = (eps[active] - weight_variance[active] * d / q[active]) / np.minimum(slope[active] - 1, -1e-12)
        moved = np.clip(eps[active] + step, eps[active] / 16, 1.0)
        done = np.abs(moved - eps[active]) <= 1e-13 * eps[active]
        eps[active] = moved
        active = active[~done]
        if not active.size:
            break
    return eps, slope
