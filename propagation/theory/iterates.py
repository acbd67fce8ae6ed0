"""Iterates: the path of one size, or one correlation, from layer to layer, as a cobweb draws it."""

from __future__ import annotations

import numpy as np

from propagation.theory.maps import correlation_map, length_map


def length_iterates(start: float, activation: str, weight_variance: float, bias_variance: float, steps: int) -> np.ndarray:
    """q, V(q), V(V(q)) …, (steps + 1,), from q = `start`."""
    sizes = [start]
    for _ in range(steps):
        sizes.append(float(length_map(sizes[-1], activation, weight_variance, bias_variance)))
    return np.array(sizes)


def correlation_iterates(
    start: float, q_star: float, activation: str, weight_variance: float, bias_variance: float, steps: int
) -> np.ndarray:
    """c, C(c), C(C(c)) …, (steps + 1,), from c = `start` for inputs that have settled at size `q_star`, finite and above 0."""
    correlations = [start]
    for _ in range(steps):
        after = float(correlation_map(correlations[-1], q_star, activation, weight_variance, bias_variance))
        correlations.append(min(max(after, -1.0), 1.0))
    return np.array(correlations)
