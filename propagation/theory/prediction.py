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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from propagation.architecture import blocks, is_coupled, is_plain, linear_maps, signals_of
from propagation.config import Config
from propagation.initializers import SCHEMES
from propagation.inputs import draw_inputs
from propagation.ops import Variance, z_map
from propagation.signals import FORWARD, BySignal
from propagation.theory.batch import batch_of, representatives
from propagation.theory.chain import Chain
from propagation.theory.coupled import coupled_lines
from propagation.theory.fixed_points import limits_from
from propagation.theory.maps import DepthScales, depth_scales_of
from propagation.theory.moments import moments
from propagation.theory.op import NoLaw, State, Steps, log_mean
from propagation.theory.patterns import drawn_lines, draws
from propagation.theory.phases import critical_weight_variance, phase_of
from propagation.theory.softmax import TooSharp
from propagation.theory.spread import Band, bands
from propagation.theory.tokens import Lines, check, token_lines
from propagation.theory.trajectory import trajectory

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
    are those of φ(· + mean). Where layers differ, all belong to the layer of median σ_w² and σ_b²; where they are more than a linear map
    and φ, all are NaN and `phase` is empty. `weight_variance` and `bias_variance` are those of the map before z in every layer, (depth,).
    `weights` has ∂C/∂W of each map of a block by its name, `weight_gradient` all of them together. `token_separation` is 1 − c of any two
    tokens of a sequence after every block of a transformer, (depth,); None in other networks. `remark` is
    a sentence on what the lines are worth where they are not exact.
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
    weights: dict[str, SignalPrediction] = field(default_factory=dict)
    token_separation: Array | None = None
    remark: str = ""

    @property
    def critical_weight_variance(self) -> float:
        """The σ_w² that would be critical for this activation and σ_b²; NaN where there is none."""
        return critical_weight_variance(self.config.shifted_activation, float(np.median(self.bias_variance)))


def predict(config: Config) -> Prediction:
    """What `config` would measure at infinite width, to 1e-9 in ln of every moment (cross-entropy: 1e-4). NoLaw where theory has no line.

    With batch norm, for inputs that are equally large and equally alike.
    """
    if config.architecture == "transformer":
        lines, remark = _of_tokens(config)
        found = _of_lines(config, lines.logs, lines.means)
        return replace(found, token_separation=np.array(lines.separation), remark=remark)
    if config.positions > 1 and (config.cost != "gaussian" or config.readout == "pooled" or is_coupled(config)):
        raise NoLaw("Theory has no line for a convolution here: it knows positions that are normalized, and that have a cost, one by one.")
    if is_coupled(config):
        coupled = coupled_lines(config)
        return _of_lines(config, coupled.logs, coupled.means)
    return predict_along([config], trajectory)[0]


def _of_tokens(config: Config) -> tuple[Lines, str]:
    """The lines of a transformer: exact where all tokens are alike, by drawn patterns where they are not, or look at one or two others.

    With them a sentence on what they are worth.
    """
    check(config)
    if not config.causal or config.tokens == 1:
        try:
            return token_lines(config), ""
        except TooSharp:
            if config.normalization == "none":
                raise
    remark = f"Theory's lines are means over {draws(config.tokens):,} drawn attention patterns here, right to about 1 %."
    return drawn_lines(config), remark


def _of_lines(config: Config, lines: Mapping[str, list[float]], means: Mapping[str, list[float]]) -> Prediction:
    """The prediction where columns are coupled, from ln of second moments and from means, one entry a layer."""
    zero = np.zeros(config.depth)
    logs = {name: np.array(found) for name, found in lines.items()}
    maps = {op.name: op.fan_in * op.fan_out for op in linear_maps(config)}
    shares = [np.log(maps[name] / sum(maps.values())) for name in maps]
    logs["weight_gradient"] = np.logaddexp.reduce([logs[name] + share for name, share in zip(maps, shares, strict=True)])
    signals = {name: _centred(np.array(means.get(name, zero)), log_second) for name, log_second in logs.items()}
    for name, found in means.items():
        with np.errstate(divide="ignore"):
            variance = np.log10(np.maximum(np.exp(logs[name]) - np.square(found), 0.0))
        signals[name] = replace(signals[name], log10_variance=variance)
    linear = [z_map(block) for block in blocks(config)]
    nothing = math.nan
    return Prediction(
        config=config,
        signals={name: signals[name] for name in signals_of(config)},
        input_log10_second_moment=math.log10(np.mean(draw_inputs(config) ** 2)),
        q_star=nothing,
        chi_1=nothing,
        c_star=nothing,
        xi_q=nothing,
        xi_c=nothing,
        phase="",
        weight_variance=np.array([op.weight.value for op in linear if isinstance(op.weight, Variance)]),
        bias_variance=np.array([op.bias_variance for op in linear]),
        weights={name: signals[name] for name in maps},
    )


def start_of(config: Config) -> State:
    """Return the state in which `predict` starts a batch first; should it stand for the batch too badly, others follow."""
    log_sizes, shares, _ = representatives(batch_of(config).log_sizes, _COUNTS[0])
    return _start(config, log_sizes, shares)


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
            self.chain = Chain(config, walk(config, _start(config, self.log_sizes, self.shares)))
            self.means, rough = self.chain.log_means(self.shares), self.chain.log_means(coarse)
            if max(np.max(_distance(self.means[name], rough[name])) for name in rough) < _TOLERANCE:
                break
        self.z = self.means["z"]

    def prediction(self, scales: DepthScales) -> Prediction:
        """Return all of it together with what a deep net of this kind tends to."""
        means, chain = self.means, self.chain
        zero, mean = np.zeros(self.config.depth), np.full(self.config.depth, self.config.bias_mean)
        z_band, delta_band = bands(self.config, self.batch, means["z"], means["delta"]) or (None, None)
        gradients = {name: _centred(zero, means[name]) for name in means if name not in ("z", "whole z", *FORWARD)}
        signals = {
            "z": SignalPrediction(mean, means["z"] / _LN_10, means["whole z"] / _LN_10, z_band),
            "h": SignalPrediction(*chain.mean_and_log10_variance_of_h(self.shares), means["h"] / _LN_10),
            **gradients,
            "delta": replace(gradients["delta"], band=delta_band),
        }
        if "stream" in means:
            signals["stream"] = SignalPrediction(*chain.mean_and_log10_variance(chain.streams, self.shares), means["stream"] / _LN_10)
        return Prediction(
            self.config,
            {name: signals[name] for name in signals_of(self.config)},
            float(log_mean(self.log_sizes[None, :], self.shares)[0] / _LN_10),
            scales.q_star,
            scales.chi_1,
            scales.c_star,
            scales.xi_q,
            scales.xi_c,
            phase_of(scales.chi_1) if np.isfinite(scales.chi_1) else "",
            chain.weight_variance,
            chain.bias_variance,
            {name: gradients[name] for name in chain.weights},
        )


def _centred(mean: Array, log_second: Array) -> SignalPrediction:
    return SignalPrediction(mean, log_second / _LN_10, log_second / _LN_10)


def _start(config: Config, log_sizes: Array, shares: Array) -> State:
    """The inputs, with the mean that all of their entries have."""
    state = State(log_sizes, shares, is_gaussian=config.input_law == "gaussian")
    if config.input_mean:
        state.find_ratios = lambda: np.clip(config.input_mean * np.exp(-log_sizes / 2), -1, 1)
    return state


def _scales(lines: Sequence[_Lines]) -> list[DepthScales]:
    """What deep networks of the median layers tend to from the sizes of z in layer 1; NaN where layers are not linear maps and φ alone."""
    config = lines[0].config
    if not is_plain(config):
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


def _distance(a: Array, b: Array) -> Array:
    """|a − b| with −inf − (−inf) = 0; a NaN on either side counts as infinitely far."""
    with np.errstate(invalid="ignore"):
        return np.where(a == b, 0.0, np.nan_to_num(np.abs(a - b), nan=np.inf))
