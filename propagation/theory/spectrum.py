"""Spectrum: the singular values of an infinitely wide network's Jacobian J = ∂h^L/∂h⁰ = D^L W^L … D¹ W¹, D = diag φ′(z).

D and W are asymptotically free, so with ψ(u) = Σ_k u^k E[s^2k] of JJᵀ and its inverse u(ψ), the S-transforms multiply:

    u(ψ) = ψ/(1 + ψ) · Π_l S_D(ψ; q^l) S_W(ψ),   S_W = 1/(σ_w² (1 + ψ)) gaussian, 1/σ_w² orthogonal,

S_D = w (1 + ψ)/ψ where E[φ′² w/(1 − φ′² w)] = ψ. The largest singular value ends where u turns back: s_max² = 1/max_{ψ>0} u(ψ). The
derivative of ln S at 0 gives the spread Var[s²]/E[s²]² = Σ_l (μ₂/μ₁² − 1 − s₁), μ_k = E[φ′^2k], s₁ = −1 gaussian, 0 orthogonal.
Source: Pennington, Schoenholz & Ganguli 2017 (arXiv 1711.04735). All layers square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from propagation.config import Config
from propagation.expressions import lookup
from propagation.inputs import draw_inputs
from propagation.theory.gaussian import half_line_rule
from propagation.theory.manifold import layer_sizes

Array = np.ndarray

#: the laws of weights whose S-transform is known here
LAWS = ("gaussian", "orthogonal")
#: ψ at which u is tabulated before its largest value is refined
_PSI = np.geomspace(1e-4, 1e8, 361)
_BISECTIONS = 40
#: relative change of q in a layer below which the S-transform before it serves again
_SAME = 1e-12
_LN_10 = np.log(10)


@dataclass(frozen=True)
class SpectrumPrediction:
    """Singular values s of ∂h^l/∂h⁰ for layers 1 … L, each (depth,).

    `log10_mean_square` is log10 of E‖J v‖² over unit vectors v, which is the mean of s² where layers are square; `log10_largest` that of
    s_max, NaN unless all layers are square; `spread` is Var[s²]/E[s²]², likewise. All are NaN from where the signal is out of range.
    """

    law: str
    log10_mean_square: Array
    log10_largest: Array
    spread: Array


def predict_spectrum(config: Config, law: str, depth: int) -> SpectrumPrediction:
    """The first `depth` layers of a config, with weights of this law, for the size that its inputs have on average."""
    sizes, weight = (values[:depth] for values in layer_sizes(config, float(np.mean(draw_inputs(config) ** 2))))
    widths = np.array(config.widths[: depth + 1], dtype=float)
    log_mean, log_u, spread = np.full((3, depth), np.nan), np.zeros(_PSI.size), 0.0
    mean_square, largest, spreads = log_mean
    log_s, before, total = np.zeros(_PSI.size), np.nan, 0.0
    for layer, size in enumerate(sizes):
        if np.isnan(size) or weight[layer] == 0:
            break
        if not abs(size - before) <= _SAME * size:
            slopes, chances = squared_slopes(config.activation, size)
            before = size
            mean = chances @ slopes
            if mean == 0:
                break
            log_s = _log_s_of_slopes(slopes, chances)
            excess = chances @ slopes**2 / mean**2 - 1 + (law == "gaussian")
        total += np.log10(weight[layer] * mean * widths[layer + 1] / widths[layer])
        log_u += log_s - np.log(weight[layer]) - (np.log1p(_PSI) if law == "gaussian" else 0.0)
        spread += excess
        mean_square[layer] = total
        if np.all(widths == widths[0]):
            largest[layer] = -0.5 * _peak(np.log(_PSI / (1 + _PSI)) + log_u) / _LN_10
            spreads[layer] = spread
    return SpectrumPrediction(law, mean_square, largest, spreads)


def squared_slopes(activation: str, q: float) -> tuple[Array, Array]:
    """The law of φ′(√q x)² as values and their chances, (k,) each."""
    phi = lookup(activation)
    z, weights = half_line_rule(np.array([q]), phi.kinks + phi.breakpoints)
    slopes = np.concatenate((phi.dphi(z), phi.dphi(-z))) ** 2
    chances = np.tile(weights[0], 2)
    kept = chances > 1e-14 * chances.max()
    return slopes[kept], chances[kept] / chances[kept].sum()


def _log_s_of_slopes(slopes: Array, chances: Array) -> Array:
    """ln S_D at _PSI. With w = (1 − τ)/max φ′² the sum for ψ falls from ∞ to 0 in τ; bisection in ln τ/(1 − τ), which spans all of it."""
    top = slopes.max()
    ratio = slopes / top
    low, high = np.full(_PSI.size, -60.0), np.full(_PSI.size, 30.0)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        rest, tau = 1 / (1 + np.exp(middle)), 1 / (1 + np.exp(-middle))
        psi = (chances * ratio * rest[:, None] / ((1 - ratio) + ratio * tau[:, None])).sum(axis=1)
        low, high = np.where(psi > _PSI, middle, low), np.where(psi > _PSI, high, middle)
    return -np.log1p(np.exp((low + high) / 2)) - np.log(top) + np.log1p(_PSI) - np.log(_PSI)


def _peak(values: Array) -> float:
    """The largest value of a smooth function given at evenly spaced places, between which it is a parabola."""
    top = int(np.argmax(values))
    if top in (0, values.size - 1):
        return float(values[top])
    left, middle, right = values[top - 1 : top + 2]
    return float(middle - (right - left) ** 2 / (8 * (left - 2 * middle + right)))


def product_density(depth: int, points: int = 400) -> tuple[Array, Array]:
    """Singular values of a product of `depth` square Gaussian matrices of variance 1/n: (log10 s, density per decade), (points,) each.

    s² has the free product of `depth` Marchenko–Pastur laws (Fuss–Catalan moments), which on 0 < t < π/(L + 1) is

        s² = sin((L + 1) t)^(L + 1) / (sin t · sin(L t)^L),   ρ(s²) = sin² t · sin(L t)^(L − 1) / (π sin((L + 1) t)^L).

    Its end at t → 0 is s_max² = (L + 1)^(L + 1)/L^L. Sources: Penson & Życzkowski 2011 (arXiv
    1103.3453) for the law; its resolvent equation s² = (1 + w)^(L + 1)/w^L, solved along the w for which s² is real, gives this form.
    """
    end = np.pi / (depth + 1)
    t = end * np.linspace(0, 1, points + 2)[1:-1]
    one, most, all_ = np.log(np.sin(t)), np.log(np.sin(depth * t)), np.log(np.sin((depth + 1) * t))
    log_square = (depth + 1) * all_ - one - depth * most
    log_density = 2 * one + (depth - 1) * most - depth * all_ - np.log(np.pi)
    return log_square / (2 * _LN_10), np.exp(log_density + log_square) * 2 * _LN_10
