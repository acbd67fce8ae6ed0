"""Diagnosis: a Trace, and its Prediction where there is one, put into words and numbers a student can act on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from propagation.architecture import bias_variances
from propagation.config import BOUNDS, Config
from propagation.engine.trace import Trace
from propagation.expressions import lookup
from propagation.formatting import factor, from_log10, magnitude, multiple, number, percent
from propagation.signals import BACKWARD, FORWARD, SIGNALS
from propagation.theory.maps import fixed_point
from propagation.theory.phases import critical_weight_variance
from propagation.trials import over_trials

#: decades a signal may drift through the whole network and still count as level
LEVEL = 1.0
#: share of neurons on the flat part of a bounded activation from which on "saturated" is the story
MOSTLY_FLAT = 0.5
#: share of neurons that are silent on every input from which on "dead" is the story. Half of all ReLUs are silent wherever inputs
#: have grown alike, and gradients pass all the same
MOSTLY_DEAD = 0.9
#: a signal is followed through about this many depth scales (Schoenholz et al. 2017)
DEPTH_SCALES = 6
#: a typical net below this share of theory's line is visibly below it
BELOW_THE_LINE = 0.8
#: a suggested σ_w² closer than this to the present one is no advice; in deep networks, one that moves all layers together less than LEVEL
SAME = 0.01
#: what the slider, or a sentence, may be asked to hold; roots beyond are noise of the theory's tables
_LARGEST_CRITICAL = 1e6


@dataclass(frozen=True)
class Verdict:
    """What happens in a network, in words, and the numbers behind them.

    `kind` is "healthy", "vanishing", "exploding", "uneven" (weight gradients differ between layers), "saturated" or "dead". The factors
    are what one layer does to a second moment on average: `forward_factor` to that of z, `backward_factor` to that of ∂C/∂z.
    `layers_survived` is the number of layers a signal is followed through, ∞ where nothing is lost. `suggested_weight_variance` is
    the critical σ_w² of this activation and bias, where it would help and the slider reaches it. `phase` is the theory's, None without one.
    """

    kind: str
    headline: str
    advice: str
    forward_factor: float
    backward_factor: float
    layers_survived: float
    suggested_weight_variance: float | None
    phase: str | None


@dataclass(frozen=True)
class _Drift:
    """How one signal changes along its direction of travel: decades over the whole network and decades per layer."""

    total: float
    per_layer: float

    @property
    def factor(self) -> float:
        return 10**self.per_layer


def diagnose(trace: Trace, prediction=None) -> Verdict:
    """Return the verdict on one experiment: slopes as measured, on the median over trials; phase and depth scale from theory, if given."""
    forward = _drift(trace.z.median())
    backward = _drift(trace.delta.median()[::-1])
    kind, headline = _story(trace, forward, backward)
    suggestion, advice = (None, "") if kind == "healthy" or prediction is None else _way_out(trace, prediction)
    return Verdict(
        kind=kind,
        headline=headline,
        advice=advice,
        forward_factor=forward.factor,
        backward_factor=backward.factor,
        layers_survived=_layers_until_lost(trace) if trace.lost else _layers_survived(kind, forward, backward, prediction),
        suggested_weight_variance=suggestion,
        phase=getattr(prediction, "phase", None),
    )


def critical_here(config: Config) -> float | None:
    """Return the critical σ_w² of this activation at this bias variance; None where there is none.

    A homogeneous activation has one, which a bias does not move (it only keeps q from settling).
    """
    bias = 0.0 if lookup(config.activation).homogeneous else _bias_variance(config)
    critical = critical_weight_variance(config.activation, bias)
    # seven digits are critical for a million layers, and short enough for an address
    return float(f"{critical:.7g}") if 0 < critical < _LARGEST_CRITICAL else None


def typical_net(prediction) -> str:
    """Return why the dots of a deep net stand below the line, in a sentence, where theory knows and the gap is noticeable; else empty."""
    if prediction.z.band is None or not np.isfinite([prediction.z.log10_second_moment[-1], prediction.delta.log10_second_moment[0]]).all():
        return ""
    forward = 10 ** float(prediction.z.band.log10_mean[-1] - prediction.z.log10_second_moment[-1])
    backward = 10 ** float(prediction.delta.band.log10_mean[0] - prediction.delta.log10_second_moment[0])
    if min(forward, backward) >= BELOW_THE_LINE:
        return ""
    config = prediction.config
    return (
        f"A typical network of {config.depth:,} layers of width {config.width:,} ends at "
        f"{factor(forward)} of theory's line forward and {factor(backward)} backward (dashed; dotted: 10 – 90 %): the line is the mean "
        "over all networks, and a few large ones carry it."
    ).replace("× ", "×\u00a0")


def _bias_variance(config: Config) -> float:
    """Return σ_b², mean over layers."""
    return float(np.mean(bias_variances(config)))


def _drift(log10_sizes: np.ndarray) -> _Drift:
    """Return the drift of a signal from its first layer to the last one it reaches; a single layer has none."""
    alive = np.flatnonzero(np.isfinite(log10_sizes))
    if len(alive) == 0:
        return _Drift(-math.inf, -math.inf)
    first, last = int(alive[0]), int(alive[-1])
    change = float(log10_sizes[last] - log10_sizes[first])
    complete = last == len(log10_sizes) - 1
    per_layer = change / (last - first) if last > first else 0.0 if complete else -math.inf
    return _Drift(change if complete else -math.inf, per_layer)


def _story(trace: Trace, forward: _Drift, backward: _Drift) -> tuple[str, str]:
    """Return (kind, headline): the most urgent thing to say."""
    depth = trace.config.depth
    if trace.lost or math.isinf(forward.total) or math.isinf(backward.total):
        return "dead", _lost_headline(trace)
    dead, bounded = _median_share(trace.dead), lookup(trace.config.activation).bounded
    if dead > MOSTLY_DEAD and not bounded:  # a flat slope of a bounded activation is no silence
        return "dead", f"Neurons die: {percent(dead)} of them are silent on every input in the last layer."
    forward_level, backward_level = abs(forward.total) <= LEVEL, abs(backward.total) <= LEVEL
    saturated = _median_share(trace.saturated)
    if saturated > MOSTLY_FLAT and backward.total <= LEVEL and bounded:
        return "saturated", (
            f"Neurons saturate: {percent(saturated)} of them stand where the activation is flat and pass next to no gradient."
        )
    if not backward_level:
        return _gradient_story(forward, backward)
    if not forward_level:
        verb, effect = ("fades", "keeps") if forward.total < 0 else ("grows", "multiplies")
        how = (
            f"{effect} {percent(forward.factor)} of its size"
            if forward.total < 0
            else f"multiplies its variance by {multiple(forward.factor)}"
        )
        return (
            "vanishing" if forward.total < 0 else "exploding",
            f"The signal {verb} on its way forward: each layer {how}; {_outcome(forward, depth)}.",
        )
    spread = _spread(trace.weight_gradient.median())
    if spread > LEVEL:
        return "uneven", f"Layers learn at different speeds: their weight gradients' variances differ by a factor of {from_log10(spread)}."
    if depth == 1:
        return "healthy", "One layer: nothing can build up yet. Add layers to see what repetition does."
    return "healthy", f"Healthy: the signal forward and the gradients backward keep their size through all {depth:,} layers."


def _gradient_story(forward: _Drift, backward: _Drift) -> tuple[str, str]:
    """Return (kind, headline) where gradients drift; the signal forward is named too where it shares their fate."""
    both = abs(forward.total) > LEVEL and (forward.total < 0) == (backward.total < 0)
    if backward.total < 0:
        subject = "Signal and gradients vanish" if both else "Gradients vanish"
        shares = (
            f"{percent(forward.factor)} forward, {percent(backward.factor)} backward"
            if both
            else f"{percent(backward.factor)} of their variance"
        )
        return "vanishing", f"{subject}: each layer keeps {shares}; {_outcome(backward, 1)}."
    if both:  # as short as a line of a page
        factors = f"× {multiple(forward.factor)} forward, × {multiple(backward.factor)} backward per layer"
        return "exploding", f"Signal and gradients explode: {factors}; {_outcome(backward, 1)}."
    return (
        "exploding",
        f"Gradients explode: each layer multiplies their variance by {multiple(backward.factor)}; {_outcome(backward, 1)}.",
    )


def _outcome(drift: _Drift, end: int) -> str:
    """Return what has become of a signal in the layer where it ends, compared with the layer where it began."""
    if drift.total < 0:
        left = percent(float(f"{10**drift.total:.2g}")) if drift.total > -3 else magnitude(drift.total)
        return f"{left} is left at layer {end:,}"
    return f"{magnitude(drift.total)} times as much at layer {end:,}"


def _lost_headline(trace: Trace) -> str:
    """Return what to say where a signal is exactly zero, or no number at all, from some layer on."""
    for name, info in SIGNALS.items():
        if name in trace.lost and info.way:
            subject, onward = ("The signal dies", "on") if info.forward else ("Gradients die", "down")
            where = f"from layer {trace.lost[name]} {onward}"
            return f"{subject}: {where} nothing but zero is left, in at least one of {trace.config.trials} networks."
    return "The signal dies: nothing but zero is left."


def _way_out(trace: Trace, prediction) -> tuple[float | None, str]:
    """Return (σ_w² to be set, one sentence on what to change) for a network that is not healthy; None where no σ_w² is the answer."""
    config = trace.config
    activation = lookup(config.activation)
    critical = critical_here(config)
    if critical is None:
        return None, f"No σ_w² makes {activation.label} critical at this bias: try another activation, or fewer layers."
    if critical > BOUNDS["weight_variance"][1]:
        return None, f"{activation.label} is critical only at σ_w² = {number(critical)}: try another activation."
    here = float(np.median(trace.weight_variance))
    fades = not activation.homogeneous and fixed_point(config.activation, critical, _bias_variance(config)) == 0
    if abs(critical - here) <= min(SAME, LEVEL * math.log(10) / config.depth) * critical:
        return None, _critical_already(config, prediction, fades)
    if fades and here > critical:
        return None, f"Without a bias {activation.label} is critical only where the signal dies out: raise σ_b²."
    if fades:
        return critical, f"At σ_w² = {number(critical)} {activation.label} is critical: without a bias sizes still fade, but slowly."
    widths = "" if config.width_profile == "constant" else ", but for what the changing width does"
    return critical, f"At σ_w² = {number(critical)} {activation.label} is critical: once sizes have settled, gradients stay level{widths}."


def _critical_already(config: Config, prediction, fades: bool) -> str:
    """Return what to do where σ_w² is no help: what theory expects of the mean network says whether chance is to blame."""
    expected = [_drift(np.asarray(signal.log10_second_moment)) for signal in (prediction.z, prediction.delta)]
    uneven = _spread(np.asarray(prediction.weight_gradient.log10_second_moment)) > LEVEL
    if all(abs(drift.total) <= LEVEL for drift in expected) and not uneven:
        return "σ_w² is critical already: what is lost is lost to chance. Go wider."
    if config.width_profile != "constant":
        return "σ_w² is critical already: it is the changing width that moves sizes. Keep the width constant."
    if fades:
        return "σ_w² is critical already, but without a bias the signal still fades, like a power of depth: raise σ_b²."
    if lookup(config.activation).homogeneous and _bias_variance(config) > 0:
        return "σ_w² is critical already: it is the biases that add up from layer to layer. Set σ_b² to 0."
    return "σ_w² is critical already: the inputs are far from the size that layers keep, and the first layers pay for it."


def _layers_until_lost(trace: Trace) -> float:
    """Return how many layers a signal passed before it was gone, in the direction in which that took fewest."""
    backward = [trace.config.depth - trace.lost[name] for name in BACKWARD if name in trace.lost]
    forward = [trace.lost[name] - 1 for name in FORWARD if name in trace.lost]
    return float(min(forward or backward))


def _layers_survived(kind: str, forward: _Drift, backward: _Drift, prediction) -> float:
    """Return six depth scales: ξ_c where theory gives one, else the scale of the faster measured drift, if it drifts at all."""
    scale = getattr(prediction, "xi_c", math.inf)
    if not math.isfinite(scale):
        steepest = math.log(10) * max(abs(forward.per_layer), abs(backward.per_layer))
        scale = math.inf if kind == "healthy" or steepest == 0 else 1 / steepest
    return DEPTH_SCALES * scale


def _median_share(shares: np.ndarray) -> float:
    """Return the share in the last layer, median over trials."""
    return float(over_trials(shares).median[-1])


def _spread(log10_sizes: np.ndarray) -> float:
    return float(np.ptp(log10_sizes))
