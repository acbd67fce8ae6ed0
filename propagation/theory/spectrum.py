"""Spectrum: the singular values of an infinitely wide network's Jacobian J = ∂h^L/∂h⁰ = D^L W^L … D¹ W¹, D = diag φ′(z).

D and W are asymptotically free, so with ψ(u) = Σ_k u^k E[s^2k] of JJᵀ and its inverse u(ψ), the S-transforms multiply:

    u(ψ) = ψ/(1 + ψ) · Π_l S_D(ψ; q^l) S_W(ψ),   S_W = 1/(σ_w² (1 + ψ)) gaussian, 1/σ_w² orthogonal,

S_D = w (1 + ψ)/ψ where E[φ′² w/(1 − φ′² w)] = ψ. The largest singular value ends where u turns back: s_max² = 1/max_{ψ>0} u(ψ). The
derivative of ln S at 0 gives the spread Var[s²]/E[s²]² = Σ_l (μ₂/μ₁² − 1 − s₁), μ_k = E[φ′^2k], s₁ = −1 gaussian, 0 orthogonal.
Source: Pennington, Schoenholz & Ganguli 2017 (arXiv 1711.04735). All layers square. Each op says what it
multiplies by (`TheoryOp.spectral`); `s_transform` has S_D.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from propagation.config import Config
from propagation.inputs import draw_inputs
from propagation.theory.op import NoLaw, Spectral, State, Step, TheoryOp
from propagation.theory.s_transform import PSI
from propagation.theory.trajectory import trajectory

Array = np.ndarray

#: the laws of weights whose S-transform is known here
LAWS = ("gaussian", "orthogonal")
#: change of ln q in a layer below which what was computed before it serves again
_SAME = 1e-12
_LN_10 = np.log(10)


@dataclass(frozen=True)
class SpectrumPrediction:
    """Singular values s of ∂h^l/∂h⁰ for layers 1 … L, each (depth,).

    `log10_mean_square` is log10 of E‖J v‖² over unit vectors v, which is the mean of s² where layers are square; `log10_largest` that of
    s_max, NaN unless all layers are square; `spread` is Var[s²]/E[s²]², likewise. All are NaN from where the signal is out of
    range, or an op has no law.
    """

    law: str
    log10_mean_square: Array
    log10_largest: Array
    spread: Array


def predict_spectrum(config: Config, law: str, depth: int) -> SpectrumPrediction:
    """Return the first `depth` layers of a config, with weights of this law, for the size that its inputs have on average."""
    start = State(np.log([np.mean(draw_inputs(config) ** 2)]), np.ones(1))
    mean_square, largest, spreads = np.full((3, depth), np.nan)
    total, log_u, spread = 0.0, np.log(PSI / (1 + PSI)), 0.0
    square = len(set(config.widths[: depth + 1])) == 1
    spectral = _Spectral(law)
    try:
        layers = trajectory(config, start)[:depth]
    except NoLaw:
        layers = []
    for layer, steps in enumerate(layers):
        if not all(step.before.in_range for step in steps):
            break
        try:
            ops = [spectral.of(step) for step in steps]
        except NoLaw:
            break
        if any(op.mean_square == 0 for op in ops):
            break
        total += sum(np.log10(op.mean_square) for op in ops)
        log_u = log_u + sum(op.log_s for op in ops)
        spread += sum(op.spread for op in ops)
        mean_square[layer] = total
        if square:
            largest[layer] = -0.5 * _peak(log_u) / _LN_10
            spreads[layer] = spread
    return SpectrumPrediction(law, mean_square, largest, spreads)


class _Spectral:
    """What ops make of singular values, computed again only where the size of the signal has changed."""

    def __init__(self, law: str) -> None:
        self._law = law
        self._last: dict[TheoryOp, tuple[float, Spectral]] = {}

    def of(self, step: Step) -> Spectral:
        log_size = float(step.before.log_sizes[0])
        before, found = self._last.get(step.op, (np.nan, None))
        if found is None or not abs(log_size - before) <= _SAME:
            found = step.op.spectral(step.before, self._law)
            self._last[step.op] = log_size, found
        return found


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
