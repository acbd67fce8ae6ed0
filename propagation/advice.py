"""Advice: what to change in a network that is not healthy, and why, in a sentence or two."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from propagation.architecture import bias_variances, is_plain
from propagation.config import BOUNDS, Config
from propagation.drift import KEPT, LEVEL
from propagation.engine.trace import Trace
from propagation.expressions import lookup
from propagation.formatting import number
from propagation.initializers import SCHEMES
from propagation.theory.maps import fixed_point
from propagation.theory.recommendation import critical_setting, obstacle, recommend

#: a suggested σ_w² closer than this to the present one is no advice; in deep networks, one that moves all layers together less than KEPT
_SAME = 0.01
#: what a sentence may be asked to hold; roots beyond are noise of the theory's tables
_LARGEST_CRITICAL = 1e8
#: layers per neuron of width up to which chance moves a typical network by less than half a decade: ln |z|² of L layers of n ReLUs
#: scatters by √(5 L/n) from net to net (Hanin & Rolnick 2018)
_LAYERS_PER_WIDTH = 0.2
#: why it is σ_b² that has to change, by what keeps a network from its critical point at its own
_OBSTACLES = {
    "none": "With σ_b² = {bias} no σ_w² makes {label} critical",
    "beyond": "With σ_b² = {bias} {label} is critical only at σ_w² = {critical}",
    "explodes": "With σ_b² = {bias} a signal of this size grows without end at the critical σ_w²",
    "edge": "With σ_b² = {bias} a signal that is a little too large grows without end at the critical σ_w²",
    "dies": "At σ_w² = {critical} {label} is critical, but without a bias sizes still fade, slowly",
    "saturates": "With σ_b² = {bias} most neurons stand where {label} is flat at the critical σ_w²",
    "bias": "With σ_b² = {bias} most of z is bias at the critical σ_w², and that is the same for all inputs",
}
#: the same where no σ_b² helps
_HOPELESS = {
    "beyond": "{label} is critical only at σ_w² = {critical}: try another activation.",
    "saturates": "Only σ_w² = {critical} keeps gradients of {label} level, and there most neurons stand where it is flat: try another "
    "activation.",
}
_NO_CRITICAL_POINT = "No σ_w² keeps both sizes and gradients of {label} level: try another activation, or fewer layers."
#: the same where biases have a mean, without which there is a critical point
_CENTRED = "No σ_w² keeps both sizes and gradients of {label} level: set the mean of the biases to 0, {pair}."
_MERGING = (
    "σ_w² is critical already: sizes stay, but inputs still grow alike, a little in each layer. Fewer layers keep them apart, and so do "
    "skip connections."
)


@dataclass(frozen=True)
class Advice:
    """What to change, in words, and the fields to be set, None where that one stays or is no answer."""

    text: str
    weight_variance: float | None = None
    bias_variance: float | None = None
    input_variance: float | None = None
    first_weight_variance: float | None = None
    bias_mean: float | None = None

    @property
    def changes(self) -> bool:
        """Return whether there is something to set."""
        return any(getattr(self, field.name) is not None for field in fields(self) if field.name != "text")


def critical_here(config: Config) -> float | None:
    """Return the critical σ_w² of this activation at this bias variance; None where there is none, or layers are more than a map and φ.

    A homogeneous activation has one, which a bias does not move (it only keeps q from settling).
    """
    if not is_plain(config):
        return None
    critical = critical_setting(config.shifted_activation, _bias_variance(config))
    return critical if 0 < critical < _LARGEST_CRITICAL else None


def advice(trace: Trace, prediction, merged: bool) -> Advice:
    """Return what to change. `merged` says that sizes are level and inputs have grown alike."""
    config = trace.config
    activation, scheme, bias, critical = (
        lookup(config.shifted_activation),
        SCHEMES[config.scheme],
        _bias_variance(config),
        critical_here(config),
    )
    if scheme.from_data and not activation.homogeneous:
        return _another_bias(config, f"LSUV keeps z at variance 1, which is no critical point of {_label(config)}")
    here = float(np.median(trace.weight_variance))
    near = critical is not None and abs(critical - here) <= min(_SAME, KEPT * math.log(10) / config.depth) * critical
    what = _in_the_way(config, critical, bias)
    if (near or scheme.from_data) and what in ("", "dies"):
        return Advice(_MERGING) if merged else _critical_already(trace, prediction, what == "dies")
    if what or critical is None:
        return _another_bias(config, _OBSTACLES[what].format(**_names(config, critical, bias)))
    own_bias = scheme.bias_scale is not None and bias != config.bias_variance and not activation.homogeneous
    at = f"At σ_w² = {number(critical)}" + (f" with the σ_b² = {number(bias)} of this scheme" if own_bias else "")
    at += f", {std}," if (std := _std(config, critical)) else ""
    widths = "" if config.level else ", but for what the changing width does"
    if activation.homogeneous and bias > 0:
        zero = f"Set σ_b² to 0 too, or the signal grows by σ_b² = {number(bias)} in each layer."
        return Advice(f"{at} {_label(config)} is critical: gradients stay level{widths}. {zero}", critical, 0.0)
    result = "signal and gradients stay level" if activation.homogeneous else "once sizes have settled, gradients stay level"
    inputs = recommend(config.shifted_activation, bias).input_variance
    return Advice(
        f"{at} {_label(config)} is critical: {result}{widths}.{_scaled(config, inputs)}",
        critical,
        float(f"{bias:.7g}") if own_bias else None,
        inputs,
    )


def _in_the_way(config: Config, critical: float | None, bias: float) -> str:
    """Return what keeps these inputs from the critical point at this σ_b², as `obstacle`; empty where nothing does."""
    if lookup(config.shifted_activation).homogeneous:
        if critical is None:
            return "none"
        return "beyond" if critical > BOUNDS["weight_variance"][1] else ""
    what = obstacle(config.shifted_activation, bias) if critical else "none"
    if what or critical is None:
        return what
    start = critical * config.input_second_moment + bias
    return "explodes" if fixed_point(config.shifted_activation, critical, bias, start) == math.inf else ""


def _names(config: Config, critical: float | None, bias: float) -> dict[str, str]:
    return {"label": _label(config), "critical": number(critical or math.nan), "bias": number(bias)}


def _another_bias(config: Config, why: str) -> Advice:
    """Return why, and the critical pair of σ_w² and σ_b² to be set together, with the inputs that fit; where there is none, that."""
    bias = _bias_variance(config)
    answer = recommend(config.shifted_activation, bias)
    if answer.kind != "critical" or answer.weight_variance > BOUNDS["weight_variance"][1]:
        critical = critical_here(config)
        words = _HOPELESS.get(_in_the_way(config, critical, bias), _NO_CRITICAL_POINT)
        centred = recommend(config.activation, bias) if config.bias_mean else answer
        if centred.kind != "critical":
            return Advice(words.format(**_names(config, critical, bias)))
        weight, bias = centred.weight_variance, centred.bias_variance
        text = _CENTRED.format(label=_label(config), pair=f"σ_w² to {number(weight)} and σ_b² to {number(bias)}")
        return Advice(f"{text}{_scaled(config, centred.input_variance)}", weight, bias, centred.input_variance, bias_mean=0.0)
    std = f" ({std})" if (std := _std(config, answer.weight_variance)) else ""
    setting = f"set σ_b² to {number(answer.bias_variance)} and σ_w² to {number(answer.weight_variance)}{std}"
    return Advice(
        f"{why}: {setting}.{_scaled(config, answer.input_variance)}",
        answer.weight_variance,
        answer.bias_variance,
        answer.input_variance,
    )


def _std(config: Config, weight_variance: float) -> str:
    """Return the std of a weight for who states one; empty for others."""
    if not (SCHEMES[config.scheme].from_std and config.level):
        return ""
    return f"a std of {number((weight_variance / config.width) ** 0.5)} at width {config.width:,}"


def _scaled(config: Config, variance: float | None) -> str:
    """Return which inputs have the size that layers keep from the beginning, in a sentence after a space; empty for None."""
    mean = "mean 0 and " if config.input_mean else ""
    return (
        "" if variance is None else f" Give the inputs {mean}variance {number(variance)}: then sizes are settled from the first layer on."
    )


def _critical_already(trace: Trace, prediction, fades: bool) -> Advice:
    """Return what to do where σ_w² is no help: what theory does not expect of the mean network is chance."""
    config = trace.config
    expected, measured = _largest_change(prediction), _largest_change(trace)
    if expected <= max(LEVEL, measured) / 2:
        return Advice(_chance(config))
    if fades:
        return _another_bias(config, "σ_w² is critical already, but without a bias sizes still fade, more slowly in each layer")
    if not config.level:
        return Advice("σ_w² is critical already: it is the changing width that moves sizes. Keep the width constant.")
    bias = _bias_variance(config)
    if lookup(config.shifted_activation).homogeneous and bias > 0:
        biases = "it is the biases that add up from layer to layer. Set σ_b² to 0."
        return Advice(f"σ_w² is critical already: {biases}", critical_here(config), 0.0)
    weight = float(np.median(prediction.weight_variance))
    fitting = (fixed_point(config.shifted_activation, weight, bias, weight * config.input_second_moment + bias) - bias) / max(
        weight, 1e-300
    )
    known = BOUNDS["input_variance"][0] <= fitting <= BOUNDS["input_variance"][1]
    if config.first_weight_variance is not None:
        own = f"it is the first layer, with a σ_w² of its own, {number(config.first_weight_variance)}, that differs from the others"
        if not known:
            return Advice(f"σ_w² is critical already: {own}.")
        same = _two_digits(fitting * weight / config.input_second_moment)
        return Advice(f"σ_w² is critical already: {own}. Set it to {number(same)}.", first_weight_variance=same)
    far = "σ_w² is critical already: the inputs are far from the size that layers keep, and the first layers show it."
    if not known:
        return Advice(far)
    return Advice(f"{far}{_scaled(config, _two_digits(fitting))}", input_variance=_two_digits(fitting))


def _largest_change(answers) -> float:
    """Return the most decades by which z or δ change from end to end, or ∂C/∂W anywhere, in a Trace or a Prediction."""
    z, delta, gradient = (_sizes(answers.signal(name)) for name in ("z", "delta", "weight_gradient"))
    if not np.isfinite([*z, *delta, *gradient]).all():
        return math.inf
    return float(max(abs(z[-1] - z[0]), abs(delta[-1] - delta[0]), np.ptp(gradient)))


def _sizes(moments) -> np.ndarray:
    return np.asarray(moments.median() if hasattr(moments, "median") else moments.log10_second_moment)


def _chance(config: Config) -> str:
    """Return that the change is chance, and at which width there would be less of it."""
    wide = int(float(f"{config.depth / _LAYERS_PER_WIDTH:.1g}"))
    if config.width >= wide:
        return "σ_w² is critical already: the change comes from chance. Other random weights may do better."
    narrow = "the change comes from chance, which adds up over many narrow layers"
    return f"σ_w² is critical already: {narrow}. Use about {wide:,} neurons in each layer, or fewer layers."


def _label(config: Config) -> str:
    """Return the name of the activation, with what the biases are around."""
    mean = f" with biases of mean {number(config.bias_mean)}" if config.bias_mean else ""
    return f"{lookup(config.activation).label}{mean}"


def _bias_variance(config: Config) -> float:
    """Return σ_b², mean over layers."""
    return float(np.mean(bias_variances(config)))


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")
