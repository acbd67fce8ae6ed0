"""Iterates: the path of one size, or one correlation, from layer to layer, as a cobweb draws it."""

from __future__ import annotations

import numpy as np

from propagation.theory.maps import correlation_map, length_map

Array = np.ndarray


def length_iterates(
    start: float | Array, activation: str, weight_variance: float | Array, bias_variance: float | Array, steps: int
) -> Array:
    """q, V(q), V(V(q)) …, (steps + 1, …), from q = `start`; of arrays of one shape each place by itself."""
    sizes = [np.asarray(start, dtype=float)]
    for _ in range(steps):
        sizes.append(length_map(sizes[-1], activation, weight_variance, bias_variance))
    return np.stack(sizes)


def correlation_iterates(
    start: float, q_star: float | Array, activation: str, weight_variance: float | Array, bias_variance: float | Array, steps: int
) -> Array:
    """c, C(c), C(C(c)) …, (steps + 1, …), from c = `start` for inputs that have settled at size `q_star`, finite and above 0.

    Of arrays of one shape each place by itself.
    """
    correlations = [np.full(np.shape(q_star), start)]
    for _ in range(steps):
        after = correlation_map(correlations[-1], q_star, activation, weight_variance, bias_variance)
        correlations.append(np.clip(after, -1.0, 1.0))
    return np.stack(correlations)
