"""Schoenholz et al. 2017: over how many layers a network forgets, measured in networks and by the paper's formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from propagation.config import Config
from propagation.labs.papers.correlations import correlations_with_first, inputs_of, orthogonal_directions, products
from propagation.labs.papers.finding import Finding
from propagation.theory.maps import DepthScales, depth_scales
from propagation.theory.phases import critical_weight_variance, phase_grid

#: so wide that chance, about 1/√width, stays below what is left of a difference
CONFIG = Config(depth=30, width=30_000, activation="tanh", weight_variance=1.3, bias_variance=0.05, trials=1)
#: four networks in order, two in chaos
WEIGHT_VARIANCES = (0.6, 1.0, 1.3, 1.5, 2.3, 3.0)
#: σ_w² at which the formula is drawn
SCAN = np.linspace(0.3, 4.2, 196)
#: how far from the fixed point signals start: correlations, and sizes as a share of q*
_APART, _SHARE = 0.15, 0.25
#: differences are followed down to this: in order, where both inputs meet the same chance, much further
_FLOOR, _FLOOR_IN_ORDER = 0.03, 1e-6

Array = np.ndarray


@dataclass(frozen=True)
class Decay:
    """One σ_w²: how far correlations and sizes are from their fixed point in every layer, (depth,), and the depth scales fitted to that.

    `c_layers` and `q_layers` are how many of the first layers are above the noise and were fitted; `scales` are theory's.
    """

    weight_variance: float
    c_gap: Array
    q_gap: Array
    c_layers: int
    q_layers: int
    xi_c: float
    xi_q: float
    scales: DepthScales


@dataclass(frozen=True)
class Scales:
    """The decays, and the formula: ξ_c at `scan`, (k,), with the σ_w² at which it is infinite."""

    decays: tuple[Decay, ...]
    scan: Array
    xi_c: Array
    xi_q: Array
    critical: float


def schoenholz(config: Config, progress: Callable[[float], None] | None = None) -> Finding:
    """The evidence is a Scales."""
    decays = []
    for done, weight_variance in enumerate(WEIGHT_VARIANCES):
        decays.append(measured_decay(replace(config, weight_variance=weight_variance)))
        if progress:
            progress((done + 1) / len(WEIGHT_VARIANCES))
    bias = config.bias_variance
    critical = critical_weight_variance(config.activation, bias)
    grid = phase_grid(config.activation, SCAN, np.array([bias]))
    xi_q = np.array([depth_scales(config.activation, float(weight), bias).xi_q for weight in SCAN[::5]])
    by_weight = {decay.weight_variance: decay for decay in decays}
    return Finding(
        {
            "xi_c_ordered": by_weight[1.3].xi_c,
            "xi_c_chaotic": by_weight[3.0].xi_c,
            "xi_q_ordered": by_weight[1.3].xi_q,
            "xi_c_critical": float(depth_scales(config.activation, critical, bias).xi_c),
        },
        Scales(tuple(decays), SCAN, grid.xi_c[0], np.interp(SCAN, SCAN[::5], xi_q), critical),
    )


def measured_decay(config: Config) -> Decay:
    """Differences in one network, started on both sides of the fixed point so that what bends the map there cancels.

    In chaos the difference is half of that between correlations c* ± 0.15, in order, where c* = 1, it is 1 − c; sizes start at q* (1 ± ¼).
    """
    weight, bias = config.weight_variance, config.bias_variance
    scales = depth_scales(config.activation, weight, bias)
    chaotic = scales.c_star < 1
    starts = np.array([scales.c_star + _APART, scales.c_star - _APART] if chaotic else [0.98, 0.98])
    directions = orthogonal_directions(config, 3)
    before = (starts * scales.q_star - bias) / (scales.q_star - bias)
    pairs = inputs_of(directions, (scales.q_star - bias) / weight, before)
    sizes = (scales.q_star * (1 + _SHARE * np.array([1, -1])) - bias) / weight
    found = products(config, np.hstack((pairs, directions[:, :1] * np.sqrt(sizes))))
    above, below = correlations_with_first(found[:, :3, :3]).T
    c_gap = (above - below) / 2 if chaotic else 1 - (above + below) / 2
    q_gap = (found[:, 3, 3] - found[:, 4, 4]) / (2 * scales.q_star)
    c_layers = _layers_above(c_gap, _FLOOR if chaotic else _FLOOR_IN_ORDER)
    q_layers = _layers_above(q_gap, _FLOOR)
    return Decay(config.weight_variance, c_gap, q_gap, c_layers, q_layers, _scale(c_gap[:c_layers]), _scale(q_gap[:q_layers]), scales)


def _layers_above(gap: Array, floor: float) -> int:
    """How many of the first layers have a gap above the floor."""
    below = np.flatnonzero(gap < floor)
    return int(below[0]) if below.size else len(gap)


def _scale(gap: Array) -> float:
    """ξ of gap ∝ exp(−l/ξ), from the straight line through ln gap, by least squares."""
    return float(-1 / np.polyfit(np.arange(len(gap)), np.log(gap), 1)[0])
