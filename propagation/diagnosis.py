"""Diagnosis: a Trace, and its Prediction where there is one, put into words and numbers a student can act on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from propagation.advice import Advice, advice
from propagation.drift import KEEPS, LEVEL, LEVEL_PER_LAYER, Drift, Settling, drifts, is_level, settling
from propagation.engine.readout import LABELS
from propagation.engine.trace import Trace
from propagation.expressions import lookup
from propagation.formatting import factor, from_log10, number, percent
from propagation.headlines import forward_headline, gradient_headline, lost_headline
from propagation.precision import precision_sentence
from propagation.signals import FORWARD
from propagation.theory.recommendation import MERGED
from propagation.trials import over_trials

#: decades from end to end below which a signal "keeps its size"
_KEPT = 0.3
#: share of neurons on the flat part of a bounded activation from which on "saturated" is the story
MOSTLY_FLAT = 0.5
#: share of neurons that are silent on every input from which on "dead" is the story. Half of all ReLUs are silent wherever inputs
#: have grown alike, and gradients pass all the same
MOSTLY_DEAD = 0.9
#: a signal is followed through about this many depth scales (Schoenholz et al. 2017)
DEPTH_SCALES = 6
#: layers from which on a reach is "any depth"
_ANY_DEPTH = 9999
#: a typical net below this share of theory's line is visibly below it
BELOW_THE_LINE = 0.8


@dataclass(frozen=True)
class Verdict:
    """What happens in a network, in words, and the numbers behind them.

    `kind` is "healthy", "vanishing", "exploding", "uneven" (weight gradients differ between layers), "saturated", "dead" or "merged" (sizes
    are level, inputs have grown alike). The factors are what one layer does to a second moment once sizes have settled: `forward_factor` to
    that of z, `backward_factor` to that of ∂C/∂z. The layers before that, 1 … `settled_from`, multiply them by `forward_transient` and
    `backward_transient` in all; `settled_from` is None where nothing settles. `layers_survived` is a property of the network, whatever its
    depth: six depth scales, ∞ where a layer deep inside loses no share of anything; `survivor` says what survives so many, and is empty
    where changes are slower than any factor. The suggested variances are critical, where that would help. `phase` is the theory's, None
    without one. `precision` says where the network leaves float32 and float16, empty where it leaves neither;
    `loss` what a cross-entropy is before training, beside that of a guess.
    """

    kind: str
    headline: str
    advice: str
    forward_factor: float
    backward_factor: float
    layers_survived: float
    suggested_weight_variance: float | None
    phase: str | None
    suggested_bias_variance: float | None = None
    settled_from: int | None = None
    forward_transient: float = 1.0
    backward_transient: float = 1.0
    survivor: str = "sizes survive"
    precision: str = ""
    loss: str = ""

    @property
    def reach(self) -> str:
        """Return what survives how many layers, in words; two digits are all that this estimate is worth."""
        if self.layers_survived > _ANY_DEPTH:
            return f"{self.survivor} any depth" if self.survivor else "changes follow a power of depth"
        layers = "1 layer" if 0.95 <= self.layers_survived < 1.05 else f"{number(float(f'{self.layers_survived:.2g}'))} layers"
        return f"{self.survivor} ≈ {layers}"

    @property
    def settling(self) -> str:
        """Return what the first layers do, of which the factors do not tell, in a sentence; empty where that is little."""
        shares = self.forward_transient, self.backward_transient
        if self.settled_from is None or all(0.5 < share < 2 for share in shares):
            return ""
        signal, gradients = map(factor, shares)
        which = (
            "The first layer differs: it changes"
            if self.settled_from == 1
            else f"The first {self.settled_from:,} layers differ: they change"
        )
        return f"{which} the signal by {signal} and gradients by {gradients} in all."


def diagnose(trace: Trace, prediction=None) -> Verdict:
    """Return the verdict on one experiment: sizes as measured, on the median over trials; phase and depth scale from theory, if given."""
    theory = settling(prediction)
    forward, backward = drifts(trace.z.median(), trace.delta.median(), theory)
    _, length = drifts(trace.z.median(), trace.delta.median() + _log10_widths(trace), theory)
    kind, headline = _story(trace, forward, backward, length, theory)
    change = Advice("") if kind == "healthy" or prediction is None else advice(trace, prediction, kind == "merged")
    layers, survivor = _reach(trace, forward, length, prediction, theory)
    return Verdict(
        kind=kind,
        headline=headline,
        advice=change.text,
        forward_factor=forward.factor,
        backward_factor=backward.factor,
        layers_survived=layers,
        suggested_weight_variance=change.weight_variance,
        phase=getattr(prediction, "phase", None),
        suggested_bias_variance=change.bias_variance,
        settled_from=theory.layer if theory else None,
        forward_transient=forward.first_layers,
        backward_transient=backward.first_layers,
        survivor=survivor,
        precision=precision_sentence(trace),
        loss=_first_loss(trace),
    )


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


def _log10_widths(trace: Trace) -> np.ndarray:
    """Return log10 of the widths of layers 1 … L: what E[δ²] lacks of the squared length of a gradient."""
    return np.log10(np.array(trace.config.widths[1:], dtype=float))


def _story(trace: Trace, forward: Drift, backward: Drift, length: Drift, theory: Settling | None) -> tuple[str, str]:
    """Return (kind, headline): the most urgent thing to say.

    `backward` is of E[δ²], `length` of the squared length of gradients, n E[δ²]: where layers differ in width and lengths keep level, the
    first changes by a ratio of widths, which no number of layers adds up to more (He et al. 2015, section 2.2).
    """
    depth = trace.config.depth
    if trace.lost or math.isinf(forward.total) or math.isinf(backward.total):
        return "dead", lost_headline(trace)
    dead, bounded = _median_share(trace.dead), lookup(trace.config.activation).bounded
    if dead > MOSTLY_DEAD and not bounded:  # a flat slope of a bounded activation is no silence
        return "dead", f"Neurons die: {percent(dead)} of them are silent on every input in the last layer."
    saturated = _median_share(trace.saturated)
    always_flat = float(np.mean(np.equal(lookup(trace.config.activation).slopes_at_zero, 0)))  # half of relu6, for signals of any size
    if saturated - always_flat > MOSTLY_FLAT * (1 - always_flat) and backward.total <= LEVEL and bounded:
        others = "; gradients pass through the others" if abs(backward.total) <= LEVEL else " and pass next to no gradient"
        return "saturated", f"Neurons saturate: {percent(saturated)} of them stand where the activation is flat{others}."
    shared = not trace.config.level and is_level(length, theory, backward=True) and abs(length.total) <= LEVEL
    if not shared and (not is_level(backward, theory, backward=True) or abs(backward.total) > LEVEL):
        return gradient_headline(forward, backward, theory)
    if not is_level(forward, theory):
        return forward_headline(forward, depth, theory)
    spread = float(np.ptp(trace.weight_gradient.median() + (_log10_widths(trace) if shared else 0.0)))
    if spread > LEVEL:
        return "uneven", f"Layers learn at different speeds: their weight gradients' variances differ by a factor of {from_log10(spread)}."
    if depth == 1:
        return "healthy", "One layer: nothing can build up yet. Add layers to see what repetition does."
    apart = float(over_trials(trace.separation[:, None]).median[0])
    if apart < MERGED * trace.input_separation:
        left = percent(float(f"{apart / trace.input_separation:.2g}"))
        return "merged", f"Inputs have merged: at layer {depth:,} only {left} of their difference 1 − c is left."
    keeps = theory is None or max(abs(theory.forward), abs(theory.backward)) < KEEPS
    if keeps and max(abs(forward.total), abs(backward.total)) <= _KEPT:
        return "healthy", f"Healthy: the signal forward and the gradients backward keep their size through all {depth:,} layers."
    if keeps and theory and theory.layer and max(abs(forward.settled), abs(backward.settled)) <= _KEPT:
        return "healthy", f"Healthy: sizes settle in the first {theory.layer:,} layers and stay level through all {depth:,}."
    if shared and abs(backward.total) > _KEPT:
        return (
            "healthy",
            f"Healthy: gradients keep their length; the widths alone change a neuron's share of it, by {factor(10**backward.total)}.",
        )
    ends = f"over {depth:,} layers the signal changes by {factor(10**forward.total)} and gradients by {factor(10**backward.total)}"
    return "healthy", f"Healthy at this depth: {ends}."


def _reach(trace: Trace, forward: Drift, length: Drift, prediction, theory: Settling | None) -> tuple[float, str]:
    """Return how many layers what survives, and its name.

    Six ξ_c where theory has one: so long inputs can be told apart, or in chaos what they share is seen. Else six scales of whichever
    settled factor is further from 1, by theory, or without theory as measured where that is not level.
    """
    if trace.lost and (passed := _layers_until_lost(trace)) < trace.config.depth:
        return passed, "a signal survives" if any(name in FORWARD for name in trace.lost) else "gradients survive"
    scale = getattr(prediction, "xi_c", math.inf)
    if 0 < DEPTH_SCALES * scale <= _ANY_DEPTH:
        chaotic = getattr(prediction, "phase", "") == "chaotic"
        return DEPTH_SCALES * scale, "what inputs share survives" if chaotic else "a difference of inputs survives"
    found = _steepest({"gradients survive": theory.backward, "a signal survives": theory.forward}) if theory else None
    if found:
        return found
    measured = {"gradients survive": length, "a signal survives": forward}
    steep = {
        name: drift.per_layer for name, drift in measured.items() if abs(drift.settled) > LEVEL or abs(drift.per_layer) > LEVEL_PER_LAYER
    }
    if theory is None:
        return _steepest(steep) or (math.inf, "sizes survive")
    return math.inf, "" if theory.power_law else "in wide networks sizes survive" if steep else "sizes survive"


def _steepest(rates: dict[str, float]) -> tuple[float, str] | None:
    """Return six scales of the largest of these decades per layer, and its name; None where all of them last at any depth."""
    name = max(rates, key=lambda name: abs(rates[name]), default="")
    layers = DEPTH_SCALES / (math.log(10) * abs(rates[name])) if name and rates[name] else math.inf
    return None if layers > _ANY_DEPTH else (layers, name)


def _layers_until_lost(trace: Trace) -> float:
    """Return how many layers a signal passed before it was gone, median over trials, in the direction in which that took fewest."""

    def passed(name: str) -> float:
        left = np.isfinite(trace.signal(name).log10_second_moment)
        onward = left if name in FORWARD else left[:, ::-1]
        return float(np.median(np.where(onward.all(axis=1), left.shape[1], onward.argmin(axis=1))))

    return min(map(passed, [name for name in trace.lost if name in FORWARD] or trace.lost))


def _first_loss(trace: Trace) -> str:
    """Return the loss before training beside that of a guess, in a sentence; empty where the cost is no cross-entropy."""
    if np.isnan(trace.loss).any():
        return ""
    middle = float(np.median(trace.loss))
    guess = f"that of a guess among {LABELS} is ln {LABELS} = {math.log(LABELS):.2f}"
    return f"The loss before training is {number(float(f'{middle:.3g}'))}; {guess}."


def _median_share(shares: np.ndarray) -> float:
    """Return the share in the last layer, median over trials."""
    return float(over_trials(shares).median[-1])
