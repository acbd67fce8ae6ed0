"""Prediction: what the experiment of a Config would measure if its layers were infinitely wide. The twin of the engine's Trace.

The model is that of the engine: z^l = W^l h^(l−1) + b^l, h^l = φ(z^l), Var W_ij = σ_w²/fan_in, Var b_i = σ_b², δ^l = ∂C/∂z^l. W has mean 0,
so z has the mean of the biases, E b_i. Below, q are sizes of z around it, and φ is φ(· + mean). Input b has sizes of its own,

    q_b^1 = σ_w² |x_b|²/n_0 + σ_b²,  q_b^l = σ_w² E[φ²](q_b^(l−1)) + σ_b²,
    E[δ_b^L²] = E[φ′²](q_b^L) · E[(∂C_b/∂h^L)²],  E[δ_b^l²] = E[φ′²](q_b^l) · σ_w² n_(l+1)/n_l · E[δ_b^(l+1)²],
    E[(∂C_b/∂W^l)²] = E[δ_b^l²] · E[h_b^(l−1)²],

and means over the inputs are reported. Orthogonal weights have the same limit. Sources: Poole et al. 2016; Schoenholz et al. 2017.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from propagation.architecture import Activate, Linear, blocks
from propagation.config import Config
from propagation.initializers import SCHEMES
from propagation.signals import BySignal
from propagation.theory.batch import batch_of, representatives
from propagation.theory.cost import log_cost_gradient
from propagation.theory.fixed_points import limits_from
from propagation.theory.maps import DepthScales, depth_scales_of
from propagation.theory.moments import moments
from propagation.theory.ops import ActivateLaw, LinearLaw, State, log_mean
from propagation.theory.phases import critical_weight_variance, phase_of
from propagation.theory.spread import Band, bands
from propagation.theory.trajectory import Step, Steps, first_of, states_by_op, trajectory

Array = np.ndarray

#: numbers of inputs that may stand for a batch, and the error in ln of a mean, estimated far too high, at which more are taken
_COUNTS = (17, 65)
_TOLERANCE = 1e-6
_LN_10 = np.log(10)
_LARGEST_EXPONENT = 700.0


@dataclass(frozen=True)
class SignalPrediction:
    """Moments of one signal over neurons and inputs together at infinite width; (depth,) arrays, layers 1 … L.

    Logarithms are right far outside the range of floating point and −inf only where the moment is exactly zero. `band` is the scatter of
    log10_second_moment from net to net at finite width, None where theory has no law for it.
    """

    mean: Array
    log10_variance: Array
    log10_second_moment: Array
    band: Band | None = None


@dataclass(frozen=True)
class Prediction(BySignal[SignalPrediction]):
    """Theory of one Config: the `signals` of a Trace (`prediction.z`, `.signal("z")`), then what a deep net of this kind tends to.

    `q_star` (inf: explodes, 0: dies) is the limit of E[z²] from the size of this batch; `c_star` the correlation E[z z′]/E[z²] that any
    two inputs are drawn to; `chi_1` what a layer multiplies the squared gradient by; `xi_q`, `xi_c` depths in layers (see
    `maps.DepthScales`); `phase` is "ordered", "critical" or "chaotic". Where biases have a mean, it is in q_star and c_star, and the others
    are those of φ(· + mean). Where layers differ, all belong to the layer of median σ_w² and σ_b². `weight_variance` and `bias_variance`
    are those of every layer, (depth,).
    """

    config: Config
    signals: dict[str, SignalPrediction]
    input_log10_second_moment: float
    q_star: float
    chi_1: float
    c_star: float
    xi_q: float
    xi_c: float
    phase: str
    weight_variance: Array
    bias_variance: Array

    @property
    def critical_weight_variance(self) -> float:
        """The σ_w² that would be critical for this activation and σ_b²; NaN where there is none."""
        return critical_weight_variance(self.config.shifted_activation, float(np.median(self.bias_variance)))


def predict(config: Config) -> Prediction:
    """What `config` would measure at infinite width, to 1e-9 in ln of every moment (cross-entropy: 1e-4)."""
    return predict_along([config], trajectory)[0]


def start_of(config: Config) -> State:
    """Return the state in which `predict` starts a batch first; should it stand for the batch too badly, others follow."""
    log_sizes, shares, _ = representatives(batch_of(config).log_sizes, _COUNTS[0])
    return State(log_sizes, shares)


def predict_along(configs: Sequence[Config], walk: Callable[[Config, State], list[Steps]]) -> list[Prediction]:
    """Return `predict` of configs of one activation and mean of the biases, whose trajectory from a state is `walk(config, state)`."""
    lines = [_Lines(config, walk) for config in configs]
    return [one.prediction(scales) for one, scales in zip(lines, _scales(lines), strict=True)]


class _Lines:
    """What theory says of every layer: ln of the second moments of z, h, δ and ∂C/∂W, (depth,), with columns that stand for the batch."""

    def __init__(self, config: Config, walk: Callable[[Config, State], list[Steps]]):
        self.config, self.batch = config, batch_of(config)
        for count in (*_COUNTS, self.batch.log_sizes.size):
            self.log_sizes, self.shares, coarse = representatives(self.batch.log_sizes, count)
            self.chain = _Chain(config, walk(config, State(self.log_sizes, self.shares)))
            means = self.chain.log_means(self.shares)
            if np.max(_distance(means, self.chain.log_means(coarse))) < _TOLERANCE:
                break
        self.z, self.whole_z, self.h2, self.delta2, self.gradient2 = means

    def prediction(self, scales: DepthScales) -> Prediction:
        """Return all of it together with what a deep net of this kind tends to."""
        zero, mean = np.zeros(self.config.depth), np.full(self.config.depth, self.config.bias_mean)
        z_band, delta_band = bands(self.config, self.batch, self.z, self.delta2) or (None, None)
        h_mean, log_h_variance = self.chain.activation_mean_and_log_variance(self.shares)
        return Prediction(
            self.config,
            {
                "z": SignalPrediction(mean, self.z / _LN_10, self.whole_z / _LN_10, z_band),
                "h": SignalPrediction(h_mean, log_h_variance / _LN_10, self.h2 / _LN_10),
                "delta": SignalPrediction(zero, self.delta2 / _LN_10, self.delta2 / _LN_10, delta_band),
                "weight_gradient": SignalPrediction(zero, self.gradient2 / _LN_10, self.gradient2 / _LN_10),
            },
            float(log_mean(self.log_sizes[None, :], self.shares)[0] / _LN_10),
            scales.q_star,
            scales.chi_1,
            scales.c_star,
            scales.xi_q,
            scales.xi_c,
            phase_of(scales.chi_1) if np.isfinite(scales.chi_1) else "",
            self.chain.weight_variance,
            self.chain.bias_variance,
        )


def _scales(lines: Sequence[_Lines]) -> list[DepthScales]:
    """What deep networks of the median layers tend to from the sizes of z in layer 1; NaN where layers are not linear maps and φ alone."""
    config = lines[0].config
    if {tuple(map(type, block)) for block in blocks(config)} != {(Linear, Activate)}:
        return [DepthScales(*[np.nan] * len(fields(DepthScales)))] * len(lines)
    weights = np.array([np.median(one.chain.weight_variance) for one in lines])
    biases = np.array([np.median(one.chain.bias_variance) for one in lines])
    name = config.shifted_activation
    if SCHEMES[config.scheme].from_data:
        weights = np.full(len(lines), 1 / moments(name).second(1.0))  # rescaling holds every layer at q = 1
        q_stars = np.ones(len(lines))
    else:
        q_stars = limits_from(name, weights, biases, np.exp(np.minimum([one.z[0] for one in lines], _LARGEST_EXPONENT)))
    return [_with_mean(scales, config.bias_mean) for scales in depth_scales_of(q_stars, name, weights)]


def _with_mean(scales: DepthScales, mean: float) -> DepthScales:
    """The scales of z − mean as those of z: the size and the correlation have the mean in them."""
    if not mean or not math.isfinite(scales.q_star):
        return scales
    shared = mean**2 + (scales.c_star * scales.q_star if scales.q_star else 0.0)
    return replace(scales, q_star=scales.q_star + mean**2, c_star=shared / (scales.q_star + mean**2))


class _Chain:
    """Both passes of columns along a trajectory: natural logarithms of second moments, arrays are (depth, m)."""

    def __init__(self, config: Config, layers: list[Steps]):
        for op, states in states_by_op(layers).items():
            op.prepare(states)
        linear, activate = first_of(LinearLaw, layers), first_of(ActivateLaw, layers)
        self.weight_variance = np.array([op.weight_variance(step.before) for op, step in linear])
        self.bias_variance = np.array([op.op.bias_variance for op, _ in linear])
        self.z = np.stack([step.after.log_sizes for _, step in linear])
        self.whole_z = np.stack([step.after.around_zero().log_sizes for _, step in linear])
        self.h = np.stack([steps[-1].after.log_sizes for steps in layers])
        self.phi_zero = activate[0][0].moments(activate[0][1].before).phi_zero
        self.logs = [step.before.logs for _, step in activate]
        #: ln of what comes to E[h²] after φ, by ops that leave the mean as it is
        self.log_scattered = [_scattered(steps, step) for steps, (_, step) in zip(layers, activate, strict=True)]

        gradient = log_cost_gradient(config.cost, self.h[-1], config.widths[-1])
        delta, weight_gradient = [], []
        for steps in reversed(layers):
            for step in reversed(steps):
                if isinstance(step.op, LinearLaw):
                    delta.append(gradient)
                    weight_gradient.append(gradient + step.before.log_sizes)
                gradient = step.op.backward(gradient, step.before)
        self.delta, self.weight_gradient = np.stack(delta[::-1]), np.stack(weight_gradient[::-1])
        if config.bias_mean:  # next to nothing, of a size that no table sees
            self.h = np.where(np.isneginf(self.h), np.nan, self.h)

    def log_means(self, shares: Array) -> Array:
        """ln of the second moments of z − mean, z, h, δ and ∂C/∂W over neurons and inputs, (5, depth)."""
        return np.stack([log_mean(values, shares) for values in (self.z, self.whole_z, self.h, self.delta, self.weight_gradient)])

    def activation_mean_and_log_variance(self, shares: Array) -> tuple[Array, Array]:
        """Mean of h and ln of its variance over neurons and inputs, (depth,) each, from φ − φ(0) so that no digits are lost."""
        centred, log_size, sign = (np.stack([getattr(logs, name) for logs in self.logs]) for name in ("centred", "mean", "mean_sign"))
        scale = np.max(centred, axis=1)
        scale = np.where(np.isfinite(scale), scale, 0.0)[:, None]
        second = np.exp(centred - scale) @ shares
        mean = (sign * np.exp(log_size - scale / 2)) @ shares
        with np.errstate(divide="ignore"):
            log_variance = np.log(np.maximum(second - mean**2, 0.0)) + scale[:, 0]
        with np.errstate(invalid="ignore"):  # of NaN, where a table does not see the variance
            log_variance = np.logaddexp(log_variance, log_mean(np.stack(self.log_scattered), shares))
        return self.phi_zero + mean * np.exp(np.clip(scale[:, 0] / 2, -_LARGEST_EXPONENT, _LARGEST_EXPONENT)), log_variance


def _scattered(steps: Steps, activate: Step) -> Array:
    """ln of the difference of sizes, (m,), between the end of a layer and its φ; −inf where φ is the end."""
    if steps[-1] is activate:
        return np.full(activate.after.log_sizes.shape, -np.inf)
    after, before = steps[-1].after.log_sizes, activate.after.log_sizes
    return after + np.log(-np.expm1(before - after))


def _distance(a: Array, b: Array) -> Array:
    """|a − b| with −inf − (−inf) = 0; a NaN on either side counts as infinitely far."""
    with np.errstate(invalid="ignore"):
        return np.where(a == b, 0.0, np.nan_to_num(np.abs(a - b), nan=np.inf))
