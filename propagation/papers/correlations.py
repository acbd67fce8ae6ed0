"""Correlations: inputs of chosen sizes and correlations, and what one wide network makes of them, layer by layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from propagation.config import Config
from propagation.engine.measure import Observer
from propagation.engine.network import Stack, observe
from propagation.streams import stream

Array = np.ndarray


def orthogonal_directions(config: Config, count: int) -> Array:
    """Return `count` random directions at right angles, of mean square 1, (width, count)."""
    frame = np.linalg.qr(stream(config.seed, "inputs").standard_normal((config.width, count)))[0]
    return np.sqrt(config.width) * frame


def inputs_of(directions: Array, size: float, correlations: Array) -> Array:
    """Return inputs of mean square `size`: the first direction, and one input at each correlation with it; (width, 1 + correlations)."""
    others = correlations * directions[:, :1] + np.sqrt(1 - correlations**2) * directions[:, 1 : 1 + len(correlations)]
    return np.sqrt(size) * np.hstack((directions[:, :1], others))


def products(config: Config, x: Array) -> Array:
    """Return ⟨z_a, z_b⟩/n in every layer of one network that is shown `x`, (n_0, B): (depth, B, B)."""
    seen = _Products(config.depth, x.shape[1])
    observe(Stack([replace(config, inputs=x.shape[1])], range(1)), seen, [x])
    return seen.found


def correlations_with_first(found: Array) -> Array:
    """Return the correlations of the first input with all others, (depth, B − 1), from `products`."""
    lengths = np.sqrt(np.diagonal(found, axis1=1, axis2=2))
    return found[:, 0, 1:] / (lengths[:, :1] * lengths[:, 1:])


class _Products(Observer):
    """Keeps the Gram matrix of z of every layer of one network."""

    looks_back = False

    def __init__(self, depth: int, inputs: int) -> None:
        self.found = np.empty((depth, inputs, inputs))

    def see(self, name: str, layer: int, *values: Any) -> None:
        if name == "z":
            (z,) = values
            self.found[layer - 1] = z.gram[0] * 4.0 ** z.exponent[0] / z.array.shape[1]
