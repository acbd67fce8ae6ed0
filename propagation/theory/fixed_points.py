"""Fixed points of the length map V(q) = σ_w² E[φ(√q x)²] + σ_b²: all of them, and the one a signal tends to.

Collapse and explosion are read off the sign of V(q) − q, known down to q = 0 and up to infinity from the slopes of φ there, not
off a number of iterations: at σ_w² φ′(0)² = 1 a tanh net decays like 1/(2 l). V increases for every activation here, so a signal moves
monotonically to the next fixed point in the direction of V(q) − q.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from propagation.theory.moments import Moments, moments

Array = np.ndarray

#: the scan, in ln q: between neighbours V(q) − q is taken to be monotone, after its extrema have been added
_GRID = np.arange(-54, 54.01, 0.05)
#: relative error of V(q) − q, and what stands for a value of known sign below it
_ROUNDING = 1e-13
_UNSEEN = 1e-300
#: |V′ − 1| at which a fixed point is marginal
_MARGINAL = 1e-9
_ROOT_STEPS = 100


@dataclass(frozen=True)
class FixedPoint:
    """A fixed point q = V(q) of the length map with its slope V′(q).

    `stability` is "stable" (slope < 1), "unstable" (> 1) or "marginal" (= 1); `attracting` says whether signals near it come closer, which
    a marginal one can do too, slower than any exponential.
    """

    q: float
    slope: float
    stability: str
    attracting: bool


def limits(activation: str, weight_variance: float, bias_variances: Array, start: float = 1.0) -> Array:
    """The limit of q ← V(q) from `start` for each of `bias_variances`, (k,): inf where it explodes, 0.0 where it dies.

    ValueError where start is negative or not a number.
    """
    weights = np.full(bias_variances.shape, float(weight_variance))
    answer, low, high = brackets(activation, weight_variance, bias_variances, start)
    return polish(activation, weights, bias_variances, answer, low, high)


def limits_from(activation: str, weight_variances: Array, bias_variances: Array, starts: Array) -> Array:
    """Return the limits of many lengths, (k,), each with σ_w², σ_b² and a start of its own: their roots are refined together."""
    each = zip(weight_variances.tolist(), bias_variances[:, None], starts.tolist(), strict=True)
    parts = [brackets(activation, weight, bias, start) for weight, bias, start in each]
    return polish(activation, weight_variances, bias_variances, *map(np.concatenate, zip(*parts, strict=True)))


def brackets(activation: str, weight_variance: float, bias_variances: Array, start: float = 1.0) -> tuple[Array, Array, Array]:
    """For each bias variance the limit from `start` where it is known at once, else NaN and two values of ln q around it.

    Returns three (k,) arrays for `polish`, which refines the roots of many σ_w² together.
    """
    if not start >= 0:
        raise ValueError(f"start = {start} must be a size of at least 0")
    bias = np.asarray(bias_variances, dtype=float)
    of = moments(activation)
    low, high = np.zeros_like(bias), np.zeros_like(bias)
    if of.activation.homogeneous:
        return _homogeneous_limits(weight_variance * of.slope_at_zero, bias, start), low, high
    answer = np.full(bias.shape, np.nan)
    t, gaps = _profile(activation, weight_variance)
    with np.errstate(divide="ignore"):
        t_start = float(np.clip(np.log(start), t[0], t[-1]))
    at_start = float(of.gap(np.exp(t_start), weight_variance, 0.0)[0])
    after = int(np.searchsorted(t, t_start, side="right"))
    around = gaps[[max(after - 1, 0), min(after, t.size - 1)]]
    if abs(at_start) < _ROUNDING * np.exp(t_start) and np.min(np.abs(around)) <= _UNSEEN:
        at_start = around[np.argmin(np.abs(around))]

    # upward, the first point with V < q; downward, the first with V > q
    falling = np.minimum.accumulate(gaps[after:])
    first_above = after + np.searchsorted(-falling, bias, side="right")
    rising = np.maximum.accumulate(gaps[:after][::-1])
    first_below = after - 1 - np.searchsorted(rising, -bias, side="right")

    up = at_start + bias > 0
    answer[up & (first_above == t.size)] = np.inf
    high = t[np.minimum(first_above, t.size - 1)]
    low = np.maximum(t[np.minimum(first_above, t.size - 1) - 1], t_start)
    down = ~up
    answer[down & (first_below < 0)] = 0.0
    tiny = down & (first_below < 0) & (bias > 0)  # below the scan V is a straight line
    answer[tiny] = bias[tiny] / max(1 - weight_variance * of.slope_at_zero, _MARGINAL)
    low = np.where(down, t[np.maximum(first_below, 0)], low)
    high = np.where(down, np.minimum(t[np.clip(first_below + 1, 0, t.size - 1)], t_start), high)
    answer[(at_start + bias == 0)] = start
    if start == 0 and of.phi_zero == 0:
        answer[bias == 0] = 0.0
    return answer, low, high


def polish(activation: str, weight_variances: Array, bias_variances: Array, answer: Array, low: Array, high: Array) -> Array:
    """`answer`, (k,), with each NaN replaced by the root of V(q) = q with ln q in [low, high]."""
    answer = answer.copy()
    wanted = np.flatnonzero(np.isnan(answer))
    if wanted.size:
        answer[wanted] = np.exp(_root(moments(activation), weight_variances[wanted], bias_variances[wanted], low[wanted], high[wanted]))
    return answer


def all_fixed_points(activation: str, weight_variance: float, bias_variance: float) -> tuple[FixedPoint, ...]:
    """Every finite fixed point, smallest first."""
    of = moments(activation)
    slope_at_zero = weight_variance * of.slope_at_zero
    dies = bias_variance == 0 and (of.phi_zero == 0 or weight_variance == 0)
    if of.activation.homogeneous:
        if dies:
            return (_fixed_point(0.0, slope_at_zero, slope_at_zero < 1 - 1e-12),)
        q = float(_homogeneous_limits(slope_at_zero, np.array([bias_variance]), 1.0)[0])
        return (_fixed_point(q, slope_at_zero, True),) if np.isfinite(q) else ()
    t, gaps = _profile(activation, weight_variance)
    gaps = gaps + bias_variance
    found = [_fixed_point(0.0, slope_at_zero if weight_variance else 0.0, bool(gaps[0] < 0))] if dies else []
    if not dies and gaps[0] < 0:
        q = bias_variance / max(1 - slope_at_zero, _MARGINAL)
        found.append(_fixed_point(q, slope_at_zero, True))
    cells = np.flatnonzero(gaps[:-1] * gaps[1:] < 0)
    if cells.size:
        ones = np.ones(cells.size)
        roots = np.exp(_root(of, weight_variance * ones, bias_variance * ones, t[cells], t[cells + 1]))
        slopes = weight_variance * of.growth(roots)
        found += [_fixed_point(float(q), float(slope), bool(gaps[cell] > 0)) for q, slope, cell in zip(roots, slopes, cells, strict=True)]
    return tuple(found)


def _fixed_point(q: float, slope: float, attracting: bool) -> FixedPoint:
    kind = "marginal" if abs(slope - 1) <= _MARGINAL else "stable" if slope < 1 else "unstable"
    return FixedPoint(q, slope, kind, attracting)


def _homogeneous_limits(slope: float, bias: Array, start: float) -> Array:
    """Limits of q ← S q + σ_b²."""
    if abs(slope - 1) <= 1e-12:
        return np.where(bias == 0, start, np.inf)
    if slope < 1:
        return bias / (1 - slope)
    return np.where((bias == 0) & (start == 0), 0.0, np.inf)


@lru_cache(maxsize=64)
def _scan(activation: str) -> tuple[Array, Array, Array, Array]:
    """On _GRID: q, E[φ²] − S q, S and dE[φ²]/dq."""
    of = moments(activation)
    q = np.exp(_GRID)
    basic = of.basic(q)
    return q, basic.remainder + basic.shift, basic.line, basic.growth


@lru_cache(maxsize=16)
def _profile(activation: str, weight_variance: float) -> tuple[Array, Array]:
    """ln q and V(q) − q for σ_b² = 0 on the scan and at its extrema.

    At the two ends, where rounding is larger than V(q) − q, it has the sign it has where it is first seen: that is what the
    series of φ at zero or at infinity would say.
    """
    of = moments(activation)
    q, remainder, line, growth = _scan(activation)
    constant, linear = weight_variance * remainder, q * (weight_variance * line - 1)
    gaps = constant + linear
    seen = np.flatnonzero(np.abs(gaps) > _ROUNDING * (np.minimum(q, 1.0) + np.abs(constant) + np.abs(linear)))
    if not seen.size:  # V(q) = q, as far as can be seen
        return _GRID, np.zeros_like(gaps)
    gaps[: seen[0]] = np.copysign(_UNSEEN, gaps[seen[0]])
    gaps[seen[-1] + 1 :] = np.copysign(_UNSEEN, gaps[seen[-1]])

    slope = weight_variance * growth - 1
    cells = np.flatnonzero((slope[:-1] * slope[1:] < 0) & (np.minimum(np.abs(slope[:-1]), np.abs(slope[1:])) > 1e-11))
    if not cells.size:
        return _GRID, gaps
    fractions = np.linspace(0, 1, 17)
    low, width = _GRID[cells], np.full(cells.size, _GRID[1] - _GRID[0])
    for _ in range(5):
        points = low[:, None] + width[:, None] * fractions
        signs = (weight_variance * of.growth(np.exp(points)) > 1) == (slope[cells] > 0)[:, None]
        step = np.maximum(np.argmin(signs, axis=1), 1) - 1
        low, width = low + width * fractions[step], width / 16
    extrema = low + width / 2
    t = np.concatenate((_GRID, extrema))
    order = np.argsort(t)
    return t[order], np.concatenate((gaps, of.gap(np.exp(extrema), weight_variance, 0.0)[0]))[order]


def _root(of: Moments, weight: Array, bias: Array, low: Array, high: Array) -> Array:
    """ln q in [low, high] with V(q) = q, (k,), V(q) − q having different signs at the ends: Newton's method, kept inside by halving."""
    low, high = low.copy(), high.copy()
    positive_low = of.gap(np.exp(low), weight, bias)[0] > 0
    t = (low + high) / 2
    active = np.arange(t.size)
    for _ in range(_ROOT_STEPS):
        w, b, here = weight[active], bias[active], t[active]
        q = np.exp(here)
        gap, slope = of.gap(q, w, b)
        same_side = (gap > 0) == positive_low[active]
        low[active], high[active] = np.where(same_side, here, low[active]), np.where(same_side, high[active], here)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = -gap / (q * slope)
        newton = here + step
        inside = (newton > low[active]) & (newton < high[active])
        t[active] = np.where(inside, newton, (low[active] + high[active]) / 2)
        active = active[np.abs(t[active] - here) > 4e-16 * (1 + np.abs(here))]
        if not active.size:
            break
    return t
