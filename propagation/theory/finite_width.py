"""Finite width: how a net of n neurons a layer scatters around the infinitely wide one, exact for one input of linear and ReLU nets.

Let R be what one layer without bias multiplies the mean square of a signal by, over what it does at infinite width. Given the signal
before, the next pre-activations are isotropic, so R does not depend on that signal, and the ln R of the layers are independent:

    Gaussian W:    R = χ²_K / E,  orthogonal W:  R = Beta(K/2, (N − K)/2) / E,  N the larger fan,

with K = n for a linear layer, K ~ Bin(n, ½) for ReLU, n the fan out, E the mean. Backward, the slopes 0 and 1 of ReLU have the law of fair
coins that are independent of W (flip the signs of a row), so δ obeys the same law with n the fan in. E R = 1 while E ln R < 0: the mean
of a deep net is made by rare large draws, and a single one sits below the line.
Sources: Hanin & Nica 2018 (arXiv 1812.05994), Hanin & Rolnick 2018 (1803.01719).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

Array = np.ndarray

#: activations with an exact law, and the share of neurons they let through
_SHARE = {"linear": 1.0, "relu": 0.5}
_LAWS = ("gaussian", "orthogonal")
#: standard deviations of a binomial after which nothing is left of it
_BINOMIAL_REACH = 12


@dataclass(frozen=True)
class LayerSpread:
    """Moments of R, the factor of one layer over its mean: E[R²], and E[ln R], Var[ln R] (natural) given that the layer is alive. E R = 1.

    `dead` is the probability that no neuron of a ReLU layer is active.
    """

    second_moment: float
    log_mean: float
    log_variance: float
    dead: float


@lru_cache(maxsize=4096)
def layer_spread(activation: str, weight_law: str, n: int, larger_fan: int | None = None) -> LayerSpread:
    """Exact spread of one layer whose signal has n entries: forward n is the fan out, backward the fan in.

    `larger_fan` is max(fan in, fan out), n by default; only orthogonal weights depend on it. ValueError for an activation other than
    "linear" and "relu" or a law other than "gaussian" and "orthogonal". E R² is 1 + 5/n for Gaussian ReLU, (n + 5)/(n + 2) for square
    orthogonal ReLU.
    """
    if activation not in _SHARE or weight_law not in _LAWS:
        raise ValueError(f"no exact finite-width law for {activation!r} with {weight_law!r} weights: only for {tuple(_SHARE)} with {_LAWS}")
    share = _SHARE[activation]
    total = float(larger_fan or n)
    active, probability = (np.array([float(n)]), np.ones(1)) if share == 1 else _alive_binomial(n)
    dead = 0.0 if share == 1 else 0.5**n
    log_mean = digamma(active / 2)
    log_variance = trigamma(active / 2)
    # E[K(K + 2)] over all K, over (E K)²
    second = (n * share * (1 - share) + (n * share) ** 2 + 2 * n * share) / (n * share) ** 2
    if weight_law == "orthogonal":
        # Beta(K/2, (N − K)/2) = χ²_K / χ²_N, and this ratio is independent of χ²_N
        second *= total / (total + 2)
        log_scale = float(digamma(np.array(total / 2))) + np.log(n * share / total)
        log_variance = log_variance - float(trigamma(np.array(total / 2)))
    else:
        log_scale = np.log(n * share / 2)
    mean = float(probability @ log_mean)
    variance = float(probability @ (log_variance + (log_mean - mean) ** 2))
    return LayerSpread(float(second), float(mean - log_scale), max(variance, 0.0), dead)


def dead_probability(widths: tuple[int, ...]) -> float:
    """P(some ReLU layer has no active neuron for a given input) = 1 − Π (1 − 2⁻ⁿ) over the layers' widths n_1 … n_L; no bias."""
    return float(-np.expm1(np.sum(np.log1p(-(0.5 ** np.asarray(widths, dtype=float))))))


def _alive_binomial(n: int) -> tuple[Array, Array]:
    """Values k ≥ 1 of Bin(n, ½) and their probabilities given k ≥ 1."""
    reach = int(np.ceil(_BINOMIAL_REACH * np.sqrt(n) / 2)) + 1
    k = np.arange(max(1, n // 2 - reach), min(n, n // 2 + reach) + 1, dtype=float)
    log_probability = np.concatenate(([0.0], np.cumsum(np.log((n - k[:-1]) / (k[:-1] + 1)))))
    probability = np.exp(log_probability - log_probability.max())
    return k, probability / probability.sum()


def digamma(x: Array) -> Array:
    """ψ(x) = d ln Γ/dx for x > 0, to 1e-13: upward recurrence to x ≥ 12, then Stirling's series. Source: DLMF 5.11.2."""
    x = np.asarray(x, dtype=float)
    total = np.zeros_like(x)
    for _ in range(12):
        small = x < 12
        total = total - np.where(small, 1 / x, 0.0)
        x = x + small
    y = 1 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132 - y * (691 / 32760 - y / 12))))))
    return total + np.log(x) - 0.5 / x - series


def trigamma(x: Array) -> Array:
    """ψ′(x) for x > 0, to 1e-13: upward recurrence to x ≥ 12, then its asymptotic series. Source: DLMF 5.15.8."""
    x = np.asarray(x, dtype=float)
    total = np.zeros_like(x)
    for _ in range(12):
        small = x < 12
        total = total + np.where(small, 1 / (x * x), 0.0)
        x = x + small
    y = 1 / (x * x)
    series = 1 / 6 - y * (1 / 30 - y * (1 / 42 - y * (1 / 30 - y * (5 / 66 - y * (691 / 2730 - y * 7 / 6)))))
    return total + (1 + 0.5 / x + y * series) / x
