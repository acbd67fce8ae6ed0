"""Closed forms: activations whose means over one and two Gaussians are elementary functions.

`moments_of` gives the fields of `moments.Basic` at variance q; `kernel_of` gives, for two Gaussians of variance q and correlation 1 − ε,
D = E[φ²] − E[φ(u₁) φ(u₂)] and M = E[φ′(u₁) φ′(u₂)], with all digits of D where ε is small; `bend_of` gives E[φ″²]. All are None where
there is no closed form.
Sources: Cho & Saul 2009 (ReLU), Williams 1998 (erf); a sine is a sum of exponentials.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from propagation.activations import Activation

Array = np.ndarray


def moments_of(activation: Activation) -> Callable[[Array], tuple[Array, ...]] | None:
    """q → (E[ψ], E[ψ²] − S q, E[φ′²], dE[φ²]/dq, E[o²], S), or None."""
    if activation.homogeneous:
        return lambda q: _homogeneous_moments(activation, q)
    return {"erf": _erf_moments, "sin": _sine_moments}.get(activation.name)


def kernel_of(activation: Activation) -> Callable[[Array, Array], tuple[Array, Array]] | None:
    """(q, ε) → (D, M) for ε in [0, 2], or None."""
    if activation.homogeneous:
        return lambda q, eps: straight_kernel(activation.slopes_at_zero, q, eps)
    return {"erf": _erf_kernel, "sin": _sine_kernel}.get(activation.name)


def bend_of(activation: Activation) -> Callable[[Array], Array] | None:
    """q → E[φ″²], or None."""
    return {"erf": lambda q: 16 / np.pi * q * (1 + 4 * q) ** -1.5, "sin": lambda q: -np.expm1(-2 * q) / 2}.get(activation.name)


def _parts(slopes: tuple[float, float]) -> tuple[float, float]:
    """Slopes α of the odd and β of the even part: φ(z) = α z + β |z|."""
    left, right = slopes
    return (left + right) / 2, (right - left) / 2


def _homogeneous_moments(activation: Activation, q: Array) -> tuple[Array, ...]:
    left, right = activation.slopes_at_zero
    odd, even = _parts((left, right))
    one = np.ones_like(q)
    line = (left**2 + right**2) / 2 * one
    return even * np.sqrt(2 * q / np.pi), 0 * one, line, line, odd**2 * q, line


def straight_kernel(slopes: tuple[float, float], q: Array, eps: Array) -> tuple[Array, Array]:
    """(D, M) of the function with this slope on the negative and this on the positive side."""
    odd, even = _parts(slopes)
    angle = 2 * np.arcsin(np.sqrt(eps / 2))
    # E|u₁ u₂| / q = cos θ + (2/π)(sin θ − θ cos θ); the bracket loses its digits at small θ, where its series has them
    series = angle**3 * (1 / 3 - angle**2 * (1 / 30 - angle**2 / 840))
    bracket = np.where(angle < 0.02, series, np.sin(angle) - angle * np.cos(angle))
    d = q * (odd**2 * eps + even**2 * (eps - 2 / np.pi * bracket))
    return d, odd**2 + even**2 * (1 - 2 / np.pi * angle) + 0 * q


def _erf_moments(q: Array) -> tuple[Array, ...]:
    root = np.sqrt(1 + 4 * q)
    second = 2 / np.pi * np.arctan2(2 * q, root)
    return 0 * q, second, 4 / np.pi / root, 4 / np.pi / (root * (1 + 2 * q)), second, 0 * q


def _erf_kernel(q: Array, eps: Array) -> tuple[Array, Array]:
    c = 1 - eps
    a = 2 * q / (1 + 2 * q)
    cos_first = np.sqrt(1 + 4 * q) / (1 + 2 * q)
    root = np.sqrt(1 + 4 * q * (1 + q * eps * (1 + c)))
    cos_second = root / (1 + 2 * q)
    # sin α = a and sin β = a c; sin(α − β) is written so that it keeps its digits where β is close to α
    near = a * eps * (1 + c) / (cos_second + np.maximum(c, 0) * cos_first)
    sine = np.where(c > 0, near, a * (cos_second - c * cos_first))
    return 2 / np.pi * np.arctan2(sine, cos_first * cos_second + a * a * c), 4 / np.pi / root


def _sine_moments(q: Array) -> tuple[Array, ...]:
    second = -np.expm1(-2 * q) / 2
    decayed = np.exp(-2 * np.minimum(q, 350.0))
    return 0 * q, second, (1 + decayed) / 2, decayed, second, 0 * q


def _sine_kernel(q: Array, eps: Array) -> tuple[Array, Array]:
    near = np.exp(-np.minimum(q * eps, 700.0))
    far = np.exp(-np.minimum(q * (2 - eps), 700.0))
    return -np.expm1(-np.minimum(q * eps, 700.0)) * (1 + far) / 2, (near + far) / 2
