"""Advice: what to change in a network that is not healthy, and why, in a sentence or two."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from propagation.activations import Activation
from propagation.architecture import bias_variances
from propagation.config import BOUNDS, Config
from propagation.drift import LEVEL
from propagation.engine.trace import Trace
from propagation.expressions import lookup
from propagation.formatting import number
from propagation.initializers import SCHEMES
from propagation.theory.maps import fixed_point
from propagation.theory.phases import critical_pair, critical_weight_variance
from propagation.theory.recommendation import SMALL_BIAS, saturates

#: a suggested σ_w² closer than this to the present one is no advice; in deep networks, one that moves all layers together less than LEVEL
_SAME = 0.01
#: what a sentence may be asked to hold; roots beyond are noise of the theory's tables
_LARGEST_CRITICAL = 1e6
#: a size below this share of where it began is zero, to the digits of σ_w²
_ROUNDING = 1e-6
#: layers per neuron of width up to which chance moves a typical network by less than half a decade: ln |z|² of L layers of n ReLUs
#: scatters by √(5 L/n) from net to net (Hanin & Rolnick 2018)
_LAYERS_PER_WIDTH = 0.2


@dataclass(frozen=True)
class Advice:
    """What to change, in words, and the σ_w² and σ_b² to be set, None where that one stays or is no answer."""

    text: str
    weight_variance: float | None = None
    bias_variance: float | None = None


def critical_here(config: Config) -> float | None:
    """Return the critical σ_w² of this activation at this bias variance; None where there is none.

    A homogeneous activation has one, which a bias does not move (it only keeps q from settling).
    """
    return _critical(config, _bias_variance(config))


def advice(trace: Trace, prediction, merged: bool) -> Advice:
    """Return what to change. `merged` says that sizes are level and inputs have grown alike."""
    config = trace.config
    activation, bias = lookup(config.activation), _bias_variance(config)
    critical = _critical(config, bias)
    if critical is None:
        return _other_bias(config, activation, bias)
    if critical > BOUNDS["weight_variance"][1]:
        return Advice(f"{activation.label} is critical only at σ_w² = {number(critical)}: try another activation.")
    here = float(np.median(trace.weight_variance))
    kept = 1.0 if activation.homogeneous else _kept(config, critical, bias)
    if kept == math.inf:
        return _other_bias(config, activation, bias)
    if not activation.homogeneous and saturates(config.activation, kept):
        return Advice(
            f"Only σ_w² = {number(critical)} keeps gradients of {activation.label} level, and there most neurons stand where it is flat: "
            "try another activation."
        )
    fades = kept == 0
    near = abs(critical - here) <= min(_SAME, LEVEL * math.log(10) / config.depth) * critical
    if near or SCHEMES[config.scheme].from_data:
        return Advice(_merging(activation)) if merged else _critical_already(trace, prediction, fades)
    if fades and here > critical:
        return _with_a_bias(config, f"Without a bias {activation.label} is critical only where the signal dies out: raise σ_b²")
    own_bias = SCHEMES[config.scheme].bias_scale is not None and bias != config.bias_variance
    at = f"At σ_w² = {number(critical)}" + (f" with the σ_b² = {number(bias)} of this scheme" if own_bias else "")
    if SCHEMES[config.scheme].from_std and config.level:
        at += f", a std of {number((critical / config.width) ** 0.5)} at width {config.width:,},"
    if fades:
        result = "without a bias sizes still fade, but slowly"
    elif activation.homogeneous and bias > 0:
        result = f"gradients stay level, and the signal grows by σ_b² = {number(bias)} in each layer"
    elif activation.homogeneous:
        result = "signal and gradients stay level"
    else:
        result = "once sizes have settled, gradients stay level"
    widths = "" if config.level else ", but for what the changing width does"
    return Advice(f"{at} {activation.label} is critical: {result}{widths}.", critical, float(f"{bias:.7g}") if own_bias else None)


def _kept(config: Config, weight_variance: float, bias_variance: float) -> float:
    """Return the size q* that the signal of these inputs tends to; 0 where that is nothing but rounding."""
    start = weight_variance * config.input_second_moment + bias_variance
    q = fixed_point(config.activation, weight_variance, bias_variance, start)
    return 0.0 if bias_variance == 0 and q < _ROUNDING * start else q


def _other_bias(config: Config, activation: Activation, bias: float) -> Advice:
    """Return the pair of σ_w² and σ_b² that is critical, where no σ_w² is at this σ_b² for these inputs."""
    pair = critical_pair(config.activation)
    if pair is None or pair[0] > BOUNDS["weight_variance"][1]:
        return Advice(f"No σ_w² keeps both sizes and gradients of {activation.label} level: try another activation, or fewer layers.")
    least, nearest = pair[1], float(f"{pair[0]:.7g}")
    # so close to the half-stable end the last digit moves q* visibly: it is rounded down only where sizes would run away
    weight = nearest if _kept(config, nearest, least) < math.inf else _seven_digits(pair[0])
    return Advice(
        f"With σ_b² = {number(bias)} no σ_w² makes {activation.label} critical. The smallest σ_b² for which one does is {number(least)}, "
        f"with σ_w² = {number(weight)}.{_fitting_inputs(config, weight, least)}",
        weight,
        least,
    )


def _with_a_bias(config: Config, words: str) -> Advice:
    """Return the words and, after them, a small σ_b² with its critical σ_w², to be set together, where there are such."""
    critical = _critical(config, SMALL_BIAS)
    if critical is None or not 0 < _kept(config, critical, SMALL_BIAS) < math.inf:
        return Advice(f"{words}.")
    return Advice(f"{words} to {number(SMALL_BIAS)}, with σ_w² = {number(critical)}.", critical, SMALL_BIAS)


def _fitting_inputs(config: Config, weight: float, bias: float) -> str:
    """Return which inputs have the size that layers keep from the beginning, in a sentence with a space before it, or nothing."""
    q = _kept(config, weight, bias)
    if not 0 < q < math.inf or weight == 0 or q <= bias:
        return ""
    mean = "of mean 0 and variance" if config.input_mean else "of variance"
    return f" Layers then keep E[z²] = {number(q)}: inputs {mean} {number(float(f'{(q - bias) / weight:.2g}'))} begin there."


def _merging(activation: Activation) -> str:
    """Return what can be done where sizes stay and inputs merge."""
    pace = "square of depth" if activation.kinks else "depth"
    return (
        f"σ_w² is critical already, and there 1 − c falls like one over the {pace}. Fewer layers keep inputs apart, "
        "and so do skip connections."
    )


def _critical_already(trace: Trace, prediction, fades: bool) -> Advice:
    """Return what to do where σ_w² is no help: what theory does not expect of the mean network is chance."""
    config = trace.config
    expected, measured = _largest_change(prediction), _largest_change(trace)
    if expected <= max(LEVEL, measured) / 2:
        return Advice(_chance(config))
    if not config.level:
        return Advice("σ_w² is critical already: it is the changing width that moves sizes. Keep the width constant.")
    if fades:
        return _with_a_bias(
            config, "σ_w² is critical already, but without a bias the signal still fades, like a power of depth: raise σ_b²"
        )
    if lookup(config.activation).homogeneous and _bias_variance(config) > 0:
        return Advice("σ_w² is critical already: it is the biases that add up from layer to layer. Set σ_b² to 0.")
    fitting = _fitting_inputs(config, float(np.median(prediction.weight_variance)), _bias_variance(config)).replace(" then", "")
    return Advice(f"σ_w² is critical already: the inputs are far from the size that layers keep, and the first layers show it.{fitting}")


def _largest_change(answers) -> float:
    """Return the most decades by which z or δ change from end to end, or ∂C/∂W anywhere, in a Trace or a Prediction."""
    z, delta, gradient = (_sizes(answers.signal(name)) for name in ("z", "delta", "weight_gradient"))
    if not np.isfinite([*z, *delta, *gradient]).all():
        return math.inf
    return float(max(abs(z[-1] - z[0]), abs(delta[-1] - delta[0]), np.ptp(gradient)))


def _sizes(moments) -> np.ndarray:
    return np.asarray(moments.median() if hasattr(moments, "median") else moments.log10_second_moment)


def _chance(config: Config) -> str:
    """Return how much of the loss is chance, and at which width it would be less."""
    wide = int(float(f"{config.depth / _LAYERS_PER_WIDTH:.1g}"))
    if config.width >= wide:
        return "σ_w² is critical already: what is lost is lost to chance, and other random weights may do better."
    return f"σ_w² is critical already: what is lost is lost to chance. Go wider: {wide:,} neurons, or fewer layers."


def _critical(config: Config, bias_variance: float) -> float | None:
    bias = 0.0 if lookup(config.activation).homogeneous else bias_variance
    critical = critical_weight_variance(config.activation, bias)
    return _seven_digits(critical) if 0 < critical < _LARGEST_CRITICAL else None


def _seven_digits(weight_variance: float) -> float:
    """Return a critical σ_w² in digits that are short enough for an address, and critical for a million layers.

    Rounded down: a little above, sizes of an activation may have nothing that they settle at.
    """
    unit = 10.0 ** (math.floor(math.log10(weight_variance)) - 6)
    return float(f"{math.floor(weight_variance / unit * (1 + 1e-12)) * unit:.7g}")


def _bias_variance(config: Config) -> float:
    """Return σ_b², mean over layers."""
    return float(np.mean(bias_variances(config)))
