"""Sphere: means over what a batch norm makes of Gaussian numbers, the rows y of one neuron over a batch of B inputs.

y = √B·(a uniformly random unit vector orthogonal to the constant one), a point of a sphere in B − 1 dimensions. One entry is
√(B − 1) sin θ, θ of density ∝ cos^(B−3) θ; two are √(B − 1) sin ψ (cos ω, cos(ω − γ)) with ω uniform, ψ of density
(B − 3) sin ψ cos^(B−4) ψ and cos γ = −1/(B − 1). Source: Yang et al. 2019 (arXiv 1902.08129), appendix.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from propagation.expressions import lookup

Array = np.ndarray

#: nodes of a Gauss–Legendre rule between two corners, and standard deviations beyond which a density is nothing
_NODES, _REACH = 64, 12.0


@dataclass(frozen=True)
class SphereMoments:
    """Means of an activation over y: E[φ], E[φ²], E[φ φ′ of two entries], m = E[φ′²], s = E[y² φ′²], and of two entries m11 and e.

    With f = φ′: m11 = E[f(y) f(y′)], e = E[y f(y) y′ f(y′)].
    """

    mean: float
    second: float
    product: float
    m: float
    s: float
    m11: float
    e: float


@lru_cache(maxsize=256)
def sphere_moments(activation: str, batch: int) -> SphereMoments:
    """Return the means for a batch of this size, at least 4, to 1e-10; to 1e-5 for an activation with corners beside 0."""
    phi = lookup(activation)
    radius = np.sqrt(batch - 1.0)
    corners = np.array(phi.kinks + phi.breakpoints, dtype=float)
    end = min(np.pi / 2, _REACH / np.sqrt(batch))
    inner = end * np.array([-1, -1 / 3, -1 / 10, 0, 1 / 10, 1 / 3, 1])  # where activations bend
    theta, weights = _rule(np.concatenate([inner, np.arcsin(np.clip(corners / radius, -1, 1))]), -end, end)
    weights = weights * np.cos(theta) ** (batch - 3)
    y, weights = radius * np.sin(theta), weights / weights.sum()
    value, slope = phi.phi(y), phi.dphi(y)
    psi, radial = _rule(end * np.array([0, 1 / 4, 1]), 0.0, end)
    radial = radial * np.sin(psi) * np.cos(psi) ** (batch - 4)
    gamma = np.arccos(-1 / (batch - 1))
    turns = np.pi * np.array([0.4, 0.5, 0.6, 1.4, 1.5, 1.6])  # where an entry is 0, and about there
    omega, angular = _rule(np.concatenate([[0.0, 2 * np.pi], turns, (turns + gamma) % (2 * np.pi)]), 0.0, 2 * np.pi)
    lengths = radius * np.sin(psi)[:, None]
    first, second = lengths * np.cos(omega), lengths * np.cos(omega - gamma)
    shares = radial[:, None] * angular
    shares /= shares.sum()
    slopes = phi.dphi(first) * phi.dphi(second)
    return SphereMoments(
        mean=float(weights @ value),
        second=float(weights @ value**2),
        product=float(np.sum(shares * phi.phi(first) * phi.phi(second))),
        m=float(weights @ slope**2),
        s=float(weights @ (y * slope) ** 2),
        m11=float(np.sum(shares * slopes)),
        e=float(np.sum(shares * first * second * slopes)),
    )


def _rule(ends: Array, low: float, high: float) -> tuple[Array, Array]:
    """Nodes and weights of Gauss–Legendre rules between all neighbours of these ends within an interval."""
    edges = np.unique(np.clip(ends, low, high))
    x, w = np.polynomial.legendre.leggauss(_NODES)
    middles, halves = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
    return (middles[:, None] + halves[:, None] * x).ravel(), (halves[:, None] * w).ravel()
