"""The batch of a config as theory needs it: sizes of its inputs, a few that stand for all, their angles. Cached, since drawing is slow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from propagation.config import Config
from propagation.inputs import draw_inputs

Array = np.ndarray

#: places on [−1, 1] to which the correlations of pairs of inputs are gathered
CORRELATIONS = np.cos(np.linspace(np.pi, 0, 65))
#: inputs whose pairs are looked at
_PAIRED = 32


@dataclass(frozen=True)
class Batch:
    """Sizes of the inputs, `log_sizes` = ln |x_b|²/n_0, (inputs,), and how alike they are.

    `pair_weights`, (65,), is the share of pairs of inputs at each of CORRELATIONS; `concentration` is Σ_b |x_b|⁴ / (Σ_b |x_b|²)², one over
    the number of inputs that count.
    """

    log_sizes: Array
    pair_weights: Array
    concentration: float


def batch_of(config: Config) -> Batch:
    """The batch of this config; it depends on the fields that `draw_inputs` reads alone. Positions of a signal are inputs here."""
    return _batch(
        Config(
            layer_sizes=f"{config.widths[0]}-1",
            inputs=config.inputs * config.positions,
            input_law=config.input_law,
            input_variance=config.input_variance,
            input_mean=config.input_mean,
            seed=config.seed,
        )
    )


@lru_cache(maxsize=32)
def _batch(config: Config) -> Batch:
    inputs = draw_inputs(config)
    squares = np.einsum("ib,ib->b", inputs, inputs) / inputs.shape[0]
    with np.errstate(divide="ignore"):
        log_sizes = np.log(squares)
    few = inputs[:, : min(_PAIRED, config.inputs)]
    norms = np.sqrt(np.maximum(np.einsum("ib,ib->b", few, few), 1e-300))
    cosines = ((few.T @ few) / norms / norms[:, None])[np.triu_indices(few.shape[1], 1)]
    place = (np.pi - np.arccos(np.clip(cosines, -1, 1))) / np.pi * (CORRELATIONS.size - 1)
    below = np.minimum(place.astype(int), CORRELATIONS.size - 2)
    weights = np.bincount(below, 1 - (place - below), CORRELATIONS.size) + np.bincount(below + 1, place - below, CORRELATIONS.size)
    concentration = float(np.sum(squares**2) / max(np.sum(squares) ** 2, 1e-300))
    return Batch(log_sizes, weights / max(cosines.size, 1), concentration)


def representatives(log_sizes: Array, count: int) -> tuple[Array, Array, Array]:
    """`count` = 2 k + 1 values of ln size, and two sets of weights for means over the inputs: on all values, and on every second one.

    A mean over inputs becomes the mean of a Chebyshev interpolant, and the difference between the two sets bounds its error. Where there
    are no more inputs than `count`, or they agree, or one is 0, the inputs stand for themselves and both sets are the plain mean.
    """
    low, high = log_sizes.min(), log_sizes.max()
    if log_sizes.size <= count or not np.isfinite(low) or high == low:
        log_sizes = log_sizes[:1] if high == low else log_sizes
        weights = np.full(log_sizes.size, 1 / log_sizes.size)
        return log_sizes, weights, weights
    x = np.clip((2 * log_sizes - low - high) / (high - low), -1, 1)
    nodes = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * np.arange(count) / (count - 1))
    coarse = np.zeros(count)
    coarse[::2] = _interpolation_weights(x, count // 2 + 1)
    return nodes, _interpolation_weights(x, count), coarse


def _interpolation_weights(x: Array, count: int) -> Array:
    """Weights of the values at cos(π j/(count − 1)) in the mean over x, (k,), of their interpolant."""
    orders = np.arange(count)
    ends = np.where((orders == 0) | (orders == count - 1), 0.5, 1.0)
    means = np.cos(np.arccos(x)[:, None] * orders).mean(axis=0)
    return 2 / (count - 1) * ends * (np.cos(np.pi * orders[:, None] * orders / (count - 1)) @ (ends * means))
