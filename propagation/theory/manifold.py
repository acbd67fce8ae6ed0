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

from dataclasses import dataclass

import numpy as np

from propagation.config import Config, layer_variances
from propagation.expressions import lookup
from propagation.theory.gaussian import gaussian_mean
from propagation.theory.kernel import kernel
from propagation.theory.moments import moments

Array = np.ndarray

#: sizes q between which the recursions are followed
_SMALLEST, _LARGEST = 1e-200, 1e200
#: step of the difference quotient for φ″: its error is below 1e-11 of φ⁽⁵⁾
_STEP = 2e-3


def layer_sizes(config: Config, input_size: float) -> tuple[Array, Array]:
    """(q of every layer, σ_w² of every layer), (depth,) each, for inputs of mean square `input_size`; NaN where q leaves 1e±200."""
    weight, bias = layer_variances(config)
    of = moments(config.activation)
    sizes = np.full(config.depth, np.nan)
    second = input_size
    for layer in range(config.depth):
        if np.isnan(weight[layer]):  # LSUV holds every layer at 1
            weight[layer] = 1 / second
        size = weight[layer] * second + bias[layer]
        if not _SMALLEST < size < _LARGEST:
            break
        sizes[layer] = size
        second = float(of.second(size))
    return sizes, weight


def angle_path(config: Config, starts: Array) -> Array:
    """1 − c of z in every layer for pairs of inputs that start at 1 − c = `starts`, (k,): (depth + 1, k), the inputs first.

    NaN where the size of the signal leaves the range that `layer_sizes` follows.
    """
    sizes, weight = layer_sizes(config, config.input_variance)
    of = kernel(config.activation)
    path = np.full((config.depth + 1, len(starts)), np.nan)
    path[0] = starts
    lost = config.input_variance * path[0]
    for layer, size in enumerate(sizes):
        if np.isnan(size):
            break
        path[layer + 1] = np.clip(weight[layer] * lost / size, 0.0, 2.0)
        lost = of(size, path[layer + 1])[0]
    return path


@dataclass(frozen=True)
class CirclePrediction:
    """A circle of inputs through the layers: log10 of its length and its curvature, each relative to the input's, (depth + 1,).

    Lengths are per √n, so that a change of width alone changes nothing. The curvature is NaN where φ has kinks: its corners are infinite.
    """

    log10_length: Array
    log10_curvature: Array


def predict_circle(config: Config) -> CirclePrediction:
    """Length and curvature of the circle of radius √(n_0 input_variance) in z of every layer, by the recursions above."""
    sizes, weight = layer_sizes(config, config.input_variance)
    before = sizes[:-1]
    slope = np.full(before.shape, np.nan)
    known = np.isfinite(before)
    slope[known] = moments(config.activation).slope(before[known])
    chi_1 = weight * np.concatenate(([1.0], slope))
    chi_2 = weight * np.concatenate(([0.0], bend(config.activation, before)))
    chi_1[chi_1 == 0] = np.nan  # nothing is left of the circle
    log_speed = np.concatenate(([0.0], np.cumsum(0.5 * np.log10(chi_1))))
    curvature = np.empty(config.depth + 1)
    curvature[0] = square = 1 / config.input_variance
    for layer in range(config.depth):
        square = 3 * chi_2[layer] / chi_1[layer] ** 2 + square / chi_1[layer]
        curvature[layer + 1] = square
    return CirclePrediction(log_speed, 0.5 * np.log10(curvature * config.input_variance))


def bend(activation: str, q: Array) -> Array:
    """E[φ″(√q x)²], (k,); NaN where φ has kinks, in which φ″ is infinite, and where q is NaN."""
    answer = np.full(np.shape(q), np.nan)
    known = np.isfinite(q)
    phi = lookup(activation)
    if not phi.kinks and np.any(known):
        answer[known] = gaussian_mean(lambda z: second_derivative(activation, z) ** 2, q[known])
    return answer


def second_derivative(activation: str, z: Array) -> Array:
    """φ″(z) of an activation without kinks, from four values of φ′ around z; z of any shape."""
    dphi = lookup(activation).dphi
    near, far = (dphi(z + k * _STEP) - dphi(z - k * _STEP) for k in (1, 2))
    return (8 * near - far) / (12 * _STEP)
