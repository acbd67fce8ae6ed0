"""Lognormal: the logarithm of a mean of B sizes that scatter on their own, by how much and how unevenly.

Let T = ln (1/B) Σ_b e^(s x_b) with independent x_b ~ N(0, 1), and E ~ Exp(1). Then P(ln E − T > v) = φ(v)^B, φ(v) = E exp(−e^(v + s x)/B):
the survival function of a variable whose mean is −γ − E T and whose variance is π²/6 + Var T. So both follow from φ by quadrature, for
every s, where an expansion in s² would ask for e^(s²) well below B.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

Array = np.ndarray

#: standard deviations of x, steps in v, where ln E is nothing, and places in s between which is interpolated
_REACH, _STEP, _LOW, _HIGH, _PLACES = 8.0, 0.25, -37.0, 4.0, 40
_NODES = np.linspace(-_REACH, _REACH, 129)
_WEIGHTS = np.exp(-(_NODES**2) / 2) / np.sum(np.exp(-(_NODES**2) / 2))


def log_mean_of_lognormals(variance: Array, count: float) -> tuple[Array, Array]:
    """Return E T and Var T for s² = `variance`, (k,), and B = `count` ≥ 1, not necessarily whole; (k,) each, to 1 %.

    For small s² they are s²/2 · (1 − 1/B) and s²/B, for B = 1 they are 0 and s².
    """
    s = np.sqrt(variance)
    if count <= 1 or not s.any():
        return np.zeros_like(s), np.square(s) / max(count, 1.0)
    # the table is over 2^k times the unit, so that neighbouring settings share it
    places, mean, scatter = _table(float(count), int(np.ceil(np.log2(s.max()))))
    share = np.interp(s, places, mean), np.interp(s, places, scatter)
    return share[0] * s**2, share[1] * s**2


@lru_cache(maxsize=64)
def _table(count: float, octave: int) -> tuple[Array, Array, Array]:
    """s from 0 to 2^octave, and E T/s² and Var T/s² there."""
    places = 2.0**octave * np.arange(_PLACES + 1) / _PLACES
    mean, scatter = np.empty((2, places.size))
    mean[0], scatter[0] = (1 - 1 / count) / 2, 1 / count
    for place, s in enumerate(places[1:], start=1):
        reach = _REACH * s + np.log(count)
        v = np.arange(_LOW - reach, _HIGH + reach, _STEP)
        survival = (np.exp(-np.exp(np.minimum(v[:, None] + s * _NODES - np.log(count), 50.0))) @ _WEIGHTS) ** count
        # E v = v₀ + ∫ P dv, E v² = v₀² + 2 ∫ v P dv, by the trapezoidal rule, whose one end is at P = 1
        first = v[0] + _STEP * (survival.sum() - survival[0] / 2)
        second = v[0] ** 2 + 2 * _STEP * (v @ survival - v[0] * survival[0] / 2) + _STEP**2 / 6
        mean[place] = (-np.euler_gamma - first) / s**2
        scatter[place] = (second - first**2 - np.pi**2 / 6) / s**2
    return places, mean, scatter
