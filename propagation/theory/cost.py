"""Cost: the size of the gradient ∂C/∂h^L that the backward pass starts from."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from propagation.theory.op import log_sum

Array = np.ndarray

#: labels of the readout
LABELS = 10
#: where E[Σ p²] is tabulated, in ln Var u
_STEP = 0.2
_LOG_SIZES = np.arange(np.log(1e-4), np.log(1e3), _STEP)


def log_cost_gradient(cost: str, log_second: Array, width: int) -> Array:
    """ln E[(∂C/∂h^L)²] for inputs with ln E[(h^L)²] = log_second, (m,), under a readout W with entries N(0, 1/width) and a random label y.

    "gaussian": 0. "squared_error": (10 E[h²] + 1)/width, from E[(Wᵀ(W h − y))²]; W enters twice, which adds 110 E[h²]/width², left out.
    "cross_entropy": E|softmax(u) − y|²/width with u ~ N(0, E[h²]) independent for each of the 10 labels, to 1e-4.
    """
    if cost == "gaussian":
        return np.zeros_like(log_second)
    if cost == "squared_error":
        return log_sum(np.log(LABELS) + log_second, 0.0) - np.log(width)
    # E|p − y|² = E[Σ p²] − 2 E[p_y] + 1, and a label drawn apart from u has E[p_y] = 1/10
    return np.log(_agreement(log_second) + 1 - 2 / LABELS) - np.log(width)


def _agreement(log_size: Array) -> Array:
    """E[Σ_k p_k²], p = softmax(u), u_k ~ N(0, e^log_size): from 1/10 for small u to 1 for large."""
    table = _agreement_table()
    place = (np.clip(log_size, _LOG_SIZES[0], _LOG_SIZES[-1]) - _LOG_SIZES[0]) / _STEP
    first = np.clip(np.floor(place).astype(int) - 1, 0, table.size - 4)
    x = place - first - 1.5  # four neighbours at −1.5, −0.5, 0.5, 1.5
    a, b, c, d = (table[first + k] for k in range(4))
    outer, inner = (x**2 - 0.25) / 6, (x**2 - 2.25) / 2
    inside = outer * ((x + 1.5) * d - (x - 1.5) * a) + inner * ((x - 0.5) * b - (x + 0.5) * c)
    # Σ p² leaves 1/10 in proportion to Var u, and comes within 1/√Var u of 1
    below = np.exp(np.minimum(log_size - _LOG_SIZES[0], 0.0))
    above = np.exp(np.minimum((_LOG_SIZES[-1] - log_size) / 2, 0.0))
    return np.where(log_size > _LOG_SIZES[-1], 1 - (1 - inside) * above, 1 / LABELS + (inside - 1 / LABELS) * below)


@lru_cache(maxsize=1)
def _agreement_table() -> Array:
    """E[Σ p²] at _LOG_SIZES, from Σ p² = ∫ s Σ_k e^(2 u_k) exp(−s Σ_j e^(u_j)) ds, where the mean over each u_k can be taken by itself.

    With s = e^y: 10 ∫ g(y) f(y)⁹ dy, f(y) = E exp(−e^(y + u)), g(y) = E[e^(2(y + u)) exp(−e^(y + u))]. The trapezoidal rule converges
    exponentially on all three.
    """
    return np.array([_agreement_by_quadrature(spread) for spread in np.exp(_LOG_SIZES / 2)])


def _agreement_by_quadrature(spread: float) -> float:
    """E[Σ p²] at standard deviation `spread` of u, to 1e-8."""
    step = min(0.5, spread / 2)
    reach = int(np.ceil(8 * spread / step))
    weights = np.exp(-((np.arange(-reach, reach + 1) * step / spread) ** 2) / 2)
    weights /= weights.sum()
    v = np.arange(-16 * spread - 20, 16 * spread + 5, step)
    exponential = np.exp(np.clip(v, -300.0, 6.0))
    survival = np.exp(-exponential)
    f, g = (np.convolve(values, weights, mode="valid") for values in (survival, exponential**2 * survival))
    return float(LABELS * step * np.sum(g * f ** (LABELS - 1)))
