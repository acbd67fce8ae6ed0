"""Manifold: what an infinitely wide network does to angles between inputs, and to the length and the curvature of a circle of them.

Inputs of one size q⁰; z^l has size q^l = σ_w² E[φ²](q^(l−1)) + σ_b². Two inputs at ε = 1 − c, with D = E[φ²] − E[φ(u₁) φ(u₂)]:

    ε^1 = σ_w² q⁰ ε⁰ / q^1,    ε^(l+1) = σ_w² D(q^l, ε^l) / q^(l+1),

the correlation map in the variable that keeps its digits near c = 1. On a circle x(θ) let g = ‖∂z/∂θ‖²/n and A = ‖∂²z/∂θ²‖²/n. For a
rotation-invariant input ∂z and ∂²z are Gaussian with Cov(z, ∂²z) = −g and ∂z independent of both, so E[(φ″ ∂z² + φ′ ∂²z)²] is, by Stein's
lemma, 3 g² E[φ″²] + A E[φ′²] (the terms in E[z φ′ φ″] cancel), and with κ² = A/g²

    g ← χ₁ g,    κ² ← 3 χ₂/χ₁² + κ²/χ₁,    χ₁ = σ_w² E[φ′²], χ₂ = σ_w² E[φ″²],

from a circle of radius √q⁰: g = q⁰, κ = 1/√q⁰; its first linear layer only stretches it. Source: Poole et al. 2016 (arXiv 1606.05340), who
write ḡ and κ̄ for the same; κ is √n times the curvature of the curve in its n dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from propagation.config import Config
from propagation.theory.chain import Taps
from propagation.theory.op import NoLaw, State, Steps, TheoryOp
from propagation.theory.ops import LinearLaw
from propagation.theory.trajectory import first_of, states_by_op, trajectories, trajectory

Array = np.ndarray


def layer_sizes(config: Config, input_size: float) -> tuple[Array, Array]:
    """Return q and σ_w² of every layer, (depth,) each, for inputs of mean square `input_size`; q is NaN where it leaves 1e±200."""
    linear = first_of(LinearLaw, trajectory(config, State(np.log([input_size]), np.ones(1))))
    sizes = np.array([np.exp(step.after.log_sizes[0]) if step.after.in_range else np.nan for _, step in linear])
    return sizes, np.array([op.weight_variance(step.before) for op, step in linear])


def angle_path(config: Config, starts: Array) -> Array:
    """1 − c of z, or of the stream, in every layer for pairs of inputs that start at 1 − c = `starts`, (k,); (depth + 1, k), inputs first.

    NaN where the size of the signal leaves the range that `layer_sizes` follows, and where theory has no law.
    """
    return angle_paths([config], starts)[0]


def angle_paths(configs: Sequence[Config], starts: Array) -> list[Array]:
    """Return the `angle_path` of each of these configs, all of one input variance, to rounding: what they share is computed at once."""
    both = np.zeros(len(starts), dtype=int)  # the two of a pair are alike in size
    start = State(np.log([configs[0].input_variance]), np.ones(1), (both, both), starts)
    try:
        return [_path(layers, starts) for layers in trajectories(configs, start)]
    except NoLaw:
        nothing = np.full((configs[0].depth, len(starts)), np.nan)
        return [np.vstack([starts, nothing]) for _ in configs]


def _path(layers: list[Steps], starts: Array) -> Array:
    """1 − c after the first linear map of each layer of a trajectory."""
    path = np.full((len(layers) + 1, len(starts)), np.nan)
    path[0] = starts
    for layer, steps in enumerate(layers, start=1):
        seen = Taps.of(steps)
        state = seen.linear[1].after if seen.stream is None else seen.stream
        if state.in_range:
            path[layer] = state.around_zero().eps
    return path


@dataclass(frozen=True)
class CirclePrediction:
    """A circle of inputs through the layers: log10 of its length and its curvature, each relative to the input's, (depth + 1,).

    Lengths are per √n, so that a change of width alone changes nothing. The curvature is NaN where φ has corners, in which it is infinite.
    """

    log10_length: Array
    log10_curvature: Array


def predict_circle(config: Config) -> CirclePrediction:
    """Length and curvature of the circle of radius √(n_0 input_variance) in z of every layer, by the recursions above."""
    layers = trajectory(config, State(np.log([config.input_variance]), np.ones(1)))
    factors: dict[tuple[TheoryOp, State], tuple[float, float]] = {}
    for op, states in states_by_op(layers).items():
        known = [state for state in states if state.in_range]
        factors |= {(op, state): (chi, beta) for state, chi, beta in zip(known, *op.curve(known), strict=True)}
    log10_length, curvature = np.full((2, config.depth + 1), np.nan)
    log10_length[0], curvature[0] = length, square = 0.0, 1 / config.input_variance
    for layer, steps in enumerate(layers, start=1):
        for step in steps:
            chi, beta = factors.get((step.op, step.before), (np.nan, np.nan))
            chi = chi or np.nan  # at 0, nothing is left of the circle
            length, square = length + 0.5 * np.log10(chi), 3 * beta / chi**2 + square / chi
            if step is steps[0]:
                log10_length[layer], curvature[layer] = length, square
    return CirclePrediction(log10_length, 0.5 * np.log10(curvature * config.input_variance))
