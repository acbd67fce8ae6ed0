"""S-transform of the squared slopes of an activation, the law that D = diag φ′(z) brings to a product of free matrices.

S_D(ψ) = w (1 + ψ)/ψ where E[φ′² w/(1 − φ′² w)] = ψ. Source: Pennington, Schoenholz & Ganguli 2017 (arXiv 1711.04735).
"""

from __future__ import annotations

import numpy as np

from propagation.expressions import lookup
from propagation.theory.gaussian import half_line_rule

Array = np.ndarray

#: ψ at which S-transforms are tabulated
PSI = np.geomspace(1e-4, 1e8, 361)
_BISECTIONS = 40


def squared_slopes(activation: str, q: float) -> tuple[Array, Array]:
    """The law of φ′(√q x)² as values and their chances, (k,) each."""
    phi = lookup(activation)
    z, weights = half_line_rule(np.array([q]), phi.kinks + phi.breakpoints)
    slopes = np.concatenate((phi.dphi(z), phi.dphi(-z))) ** 2
    chances = np.tile(weights[0], 2)
    kept = chances > 1e-14 * chances.max()
    return slopes[kept], chances[kept] / chances[kept].sum()


def log_s_of_slopes(slopes: Array, chances: Array) -> Array:
    """ln S_D at PSI. With w = (1 − τ)/max φ′² the sum for ψ falls from ∞ to 0 in τ; bisection in ln τ/(1 − τ), which spans all of it."""
    top = slopes.max()
    ratio = slopes / top
    low, high = np.full(PSI.size, -60.0), np.full(PSI.size, 30.0)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        rest, tau = 1 / (1 + np.exp(middle)), 1 / (1 + np.exp(-middle))
        psi = (chances * ratio * rest[:, None] / ((1 - ratio) + ratio * tau[:, None])).sum(axis=1)
        low, high = np.where(psi > PSI, middle, low), np.where(psi > PSI, high, middle)
    return -np.log1p(np.exp((low + high) / 2)) - np.log(top) + np.log1p(PSI) - np.log(PSI)
