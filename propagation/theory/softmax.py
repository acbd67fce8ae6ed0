"""Softmax: moments of attention patterns whose logits are Gaussian, as they are in heads of many rows.

T tokens look at T tokens. The logits of one row are independent N(0, v) but for a part that all of them share, which softmax does not see;
those of two rows have correlation r. With A = softmax(a) and J = diag(A) − A Aᵀ,

    S₁ = E Σ A_s²,  S₂ = E Σ A_s A′_s,  J² = E ‖J‖²,  JJ = E tr J J′.

By 1/X^n = ∫ λ^(n−1) e^(−λX) dλ/(n − 1)!, X = Σ e^(a_s), each is an integral over λ of products of M_k(λ) = E[e^(ka) exp(−λ e^a)], for two
rows over λ and μ; so no pattern is ever drawn. S₁ − S₂ = E ‖A − A′‖²/2 is small where rows are alike: then a ± a′ are independent, and it
is v (1 − r) J² at the variance v (1 + r)/2, to first order in v (1 − r).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from propagation.theory.op import Array, NoLaw

#: the largest v for which the integrals are computed; beyond, a row looks at one token or two
LARGEST_VARIANCE = 16.0
#: v (1 − r) from which on down the difference of two rows is taken to first order
_ALIKE = 1e-6
#: steps of the trapezoidal rules, which for these integrands are exact to 1e-12, and the reach of the Gaussian one
_STEP, _LOG_STEP, _REACH = 0.5, 0.33, 8.0
#: places between two steps of ln λ, up to which means of the second row are read off one grid
_FINEST = 12


class TooSharp(NoLaw):
    """No law for attention that looks at one or two tokens."""


@dataclass(frozen=True)
class PatternMoments:
    """S₁, S₁ − S₂, J² and JJ."""

    s1: float
    apart: float
    j2: float
    jj: float


@lru_cache(maxsize=4096)
def pattern_moments(variance: float, distance: float, tokens: int) -> PatternMoments:
    """Return the moments for v = `variance` and 1 − r = `distance`, to about 1e-6 of each; TooSharp where v is beyond LARGEST_VARIANCE."""
    if tokens == 1:
        return PatternMoments(1.0, 0.0, 0.0, 0.0)
    if variance == 0:
        return PatternMoments(1 / tokens, 0.0, (tokens - 1) / tokens**2, (tokens - 1) / tokens**2)
    if variance > LARGEST_VARIANCE:
        raise TooSharp("Theory has no line here: a token looks at one or two others, picked by chance. Smaller W_q and W_k have a line.")
    s1, j2 = _one_row(variance, tokens)
    if variance * distance < _ALIKE:
        _, midway = _one_row(variance * (1 - distance / 2), tokens)
        return PatternMoments(s1, variance * distance * midway, j2, j2)
    s2, jj = _two_rows(variance, distance, tokens)
    return PatternMoments(s1, s1 - s2, j2, jj)


def _grids(variance: float, tokens: int) -> tuple[Array, Array, Array]:
    """Nodes and weights of x ~ N(0, 1), and ln λ."""
    beta = math.sqrt(variance)
    step = _STEP / max(1.0, beta)
    x = np.arange(-_REACH, _REACH + step / 2, step)
    log_lambda = np.arange(-28 - math.log(tokens) - 2 * variance, 4 + _REACH * beta, _LOG_STEP)
    return x, step * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi), log_lambda


@lru_cache(maxsize=4096)
def _one_row(variance: float, tokens: int) -> tuple[float, float]:
    """S₁ and J² = S₁ − 2 E ΣA³ + E (ΣA²)²."""
    x, weights, log_lambda = _grids(variance, tokens)
    a = math.sqrt(variance) * x
    damped = np.exp(-np.exp(log_lambda[:, None] + a)) * weights
    m = {k: damped @ np.exp(k * a) for k in (0, 2, 3, 4)}
    rest = m[0] ** (tokens - 2)

    def integral(power: int, of: Array) -> float:
        return _LOG_STEP / math.factorial(power - 1) * float(np.exp(power * log_lambda) @ of)

    s1 = tokens * integral(2, m[2] * m[0] * rest)
    cubes = tokens * integral(3, m[3] * m[0] * rest)
    fourths = tokens * integral(4, m[4] * m[0] * rest + (tokens - 1) * m[2] ** 2 * rest)
    return s1, s1 - 2 * cubes + fourths


def _two_rows(variance: float, distance: float, tokens: int) -> tuple[float, float]:
    """S₂ and JJ = S₂ − 2 E ΣA²A′ + E (ΣAA′)²."""
    beta, spread = math.sqrt(variance), math.sqrt(distance * (2 - distance))
    y, of_y, log_lambda = _grids(variance, tokens)
    x, weights, places, apart = _aligned(beta * (1 - distance), y, of_y)
    powers = np.exp(log_lambda)
    a = beta * x
    first = np.exp(-powers[:, None] * np.exp(a)) * weights
    firsts = [first * np.exp(k * a) for k in range(3)]
    if places is None:
        seconds = _seconds(powers, np.exp(beta * ((1 - distance) * x[:, None] + spread * y)), of_y)
    else:
        # E[e^(kb) exp(−μ e^b)] of b = m + s y is e^(km) times a function of ln μ + m, whose values lie on one fine grid
        start = log_lambda[0] - beta * abs(1 - distance) * x[-1]
        count = (len(log_lambda) - 1) * apart + int(places.max()) + 1
        deviates = np.exp(beta * spread * y)
        along = np.exp(start + _LOG_STEP / apart * np.arange(count))
        damped = np.exp(-along[:, None] * deviates) * of_y
        rows = places[:, None] + apart * np.arange(len(powers))
        means = np.exp(beta * (1 - distance) * x)[:, None]
        seconds = np.stack([means**k * (damped @ deviates**k)[rows] for k in range(3)])
    m = {(j, k): firsts[j] @ seconds[k] for j, k in ((0, 0), (1, 1), (2, 1), (2, 2))}
    rest = _power(m[0, 0], tokens - 2)

    def integral(j: int, k: int, of: Array) -> float:
        return _LOG_STEP**2 * float(powers**j @ of @ powers**k)

    s2 = tokens * integral(1, 1, m[1, 1] * m[0, 0] * rest)
    mixed = tokens * integral(2, 1, m[2, 1] * m[0, 0] * rest)
    squares = tokens * integral(2, 2, m[2, 2] * m[0, 0] * rest + (tokens - 1) * m[1, 1] ** 2 * rest)
    return s2, s2 - 2 * mixed + squares


def _aligned(slope: float, x: Array, weights: Array) -> tuple[Array, Array, Array | None, int]:
    """Return nodes x of a Gaussian with weights, as fine as those given, and where `slope` · x stands on a grid of ln λ.

    That grid has `apart` places between two of ln λ's own; the places count from the lowest. None where it would be too fine to pay.
    """
    step = x[1] - x[0]
    apart = math.ceil(_LOG_STEP / (abs(slope) * step)) if abs(slope) * step * _FINEST > _LOG_STEP else 0
    stride = max(1, math.floor(abs(slope) * step / (_LOG_STEP / max(apart, 1))))
    if not apart:
        return x, weights, None, 0
    step = stride * _LOG_STEP / apart / abs(slope)
    ends = math.ceil(_REACH / step)
    numbers = np.arange(-ends, ends + 1)
    x = step * numbers
    places = stride * (numbers + ends) if slope > 0 else stride * (ends - numbers)
    return x, step * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi), places, apart


def _seconds(powers: Array, scaled: Array, weights: Array) -> Array:
    """E[e^(kb) exp(−μ e^b)] for each x and each μ = `powers`, (3, x, μ), from e^b, (x, y)."""
    found = np.empty((3, len(scaled), len(powers)))
    for place, power in enumerate(powers):  # one at a time, since all of them are large
        damped = np.exp(-power * scaled) * weights
        found[:, :, place] = [(damped * scaled**k).sum(axis=1) for k in range(3)]
    return found


def _power(base: Array, exponent: int) -> Array:
    """`base` to a whole power, by squares: a tenth of the time of `**`."""
    result = np.ones_like(base)
    while exponent:
        if exponent % 2:
            result = result * base
        base, exponent = base * base, exponent // 2
    return result
