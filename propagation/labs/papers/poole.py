"""Poole et al. 2016: what one layer does to the size of a signal and to the correlation of two, in order and in chaos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from propagation.config import Config
from propagation.labs.papers.correlations import correlations_with_first, inputs_of, orthogonal_directions, products
from propagation.labs.papers.finding import Finding
from propagation.theory.maps import DepthScales, correlation_map, depth_scales, length_map

SIGMA_W, SIGMA_B = (1.3, 2.5, 4.0), 0.3
CONFIG = Config(depth=60, width=1000, activation="tanh", weight_variance=SIGMA_W[0] ** 2, bias_variance=SIGMA_B**2, trials=1)
#: sizes and correlations that signals have in layer 1, and the layers they are followed through on the maps
SIZES = np.array([0.2, 1.0, 2.5, 5.0, 7.5, 10.0, 12.5, 15.0])
CORRELATIONS = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 0.95])
STEPS = 6
_POINTS = 121

Array = np.ndarray


@dataclass(frozen=True)
class Maps:
    """One σ_w: both maps as curves, (k,), and the steps of a real network on them, (2, m): before and after a layer.

    `scales` are theory's fixed points; `sizes` and `correlations` what was measured in every layer, (depth, signals).
    """

    sigma_w: float
    q: Array
    q_after: Array
    c: Array
    c_after: Array
    q_steps: Array
    c_steps: Array
    scales: DepthScales
    sizes: Array
    correlations: Array


def poole(config: Config, progress: Callable[[float], None] | None = None) -> Finding:
    """The evidence is Maps for each of SIGMA_W."""
    maps = []
    for done, sigma_w in enumerate(SIGMA_W):
        maps.append(measured_maps(replace(config, weight_variance=sigma_w**2), sigma_w))
        if progress:
            progress((done + 1) / len(SIGMA_W))
    ordered, chaotic, far = (float(of.correlations[-1].mean()) for of in maps)
    off = max(abs(float(of.sizes[-1].mean()) / of.scales.q_star - 1) for of in maps)
    return Finding({"c_ordered": ordered, "c_chaotic": chaotic, "c_far": far, "size_off": off}, tuple(maps))


def measured_maps(config: Config, sigma_w: float) -> Maps:
    """Theory's maps and a network's steps: inputs of many sizes for q, inputs of size q* at many correlations for c."""
    phi, weight, bias = config.activation, config.weight_variance, config.bias_variance
    scales = depth_scales(phi, weight, bias)
    directions = orthogonal_directions(config, 1 + len(CORRELATIONS))
    sizes = np.diagonal(products(config, directions[:, :1] * np.sqrt((SIZES - bias) / weight)), axis1=1, axis2=2)
    # what an input must be for layer 1 to have size q* and correlation c: σ_w² q⁰ = q* − σ_b², σ_w² q⁰ c⁰ = q* c − σ_b²
    before = (CORRELATIONS * scales.q_star - bias) / (scales.q_star - bias)
    correlations = correlations_with_first(products(config, inputs_of(directions, (scales.q_star - bias) / weight, before)))
    q, c = np.linspace(0, SIZES[-1], _POINTS), np.linspace(0, 1, _POINTS)
    return Maps(
        sigma_w,
        q,
        length_map(q, phi, weight, bias),
        c,
        correlation_map(c, scales.q_star, phi, weight, bias),
        _steps(sizes),
        _steps(correlations),
        scales,
        sizes,
        correlations,
    )


def _steps(layers: Array) -> Array:
    """Values before and after each of the first layers, (2, STEPS · signals)."""
    return np.array([layers[:STEPS].ravel(), layers[1 : STEPS + 1].ravel()])
