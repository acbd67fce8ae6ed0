"""Diagnosis: a Trace, and its Prediction where there is one, put into words and numbers a student can act on."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from propagation.advice import Advice, advice
from propagation.architecture import is_plain
from propagation.block_diagnosis import diagnose_blocks
from propagation.config import Config
from propagation.drift import KEEPS, KEPT, LEVEL, LEVEL_PER_LAYER, Pair, Settling, drifts, is_level, settling
from propagation.engine.readout import LABELS
from propagation.engine.trace import MOMENTS, Moments, Trace
from propagation.expressions import lookup
from propagation.formatting import factor, from_log10, number, percent
from propagation.headlines import forward_headline, gradient_headline, lost_headline, lost_sentence, other_changes, slow_headline
from propagation.initializers import SCHEMES
from propagation.precision import precision_sentence
from propagation.reach import reach
from propagation.rounding import rounding_sentence
from propagation.theory.merging import difference_left
from propagation.theory.recommendation import MERGED, MOSTLY_FLAT
from propagation.trials import over_trials
from propagation.verdict import Verdict

#: decades a layer up to which layers of different widths are said to keep a length
_KEPT_PER_LAYER = 0.05
#: share of neurons that are silent on every input from which on "dead" is the story. Half of all ReLUs are silent wherever inputs
#: have grown alike, and gradients pass all the same
MOSTLY_DEAD = 0.9
#: a typical net below this share of theory's line is visibly below it
BELOW_THE_LINE = 0.8


def diagnose(trace: Trace, prediction=None) -> Verdict:
    """Return the verdict on one experiment: sizes as measured, on the median over trials; phase and depth scale from theory, if given."""
    if not is_plain(trace.config):
        return diagnose_blocks(_living(trace), prediction)
    theory = settling(prediction)
    living = _living(trace)
    z, delta = living.z.median(), living.delta.median()
    forward, backward = drifts(z, delta, theory)
    own_first = _own_first_layer(trace.config, z)
    if own_first and theory and not theory.layer:  # what its rule does to the signal is no drift
        forward, _ = drifts(z[1:], delta[1:], theory)
    widths = _log10_widths(trace)
    lengths = drifts(z + widths, delta + widths, theory)
    length = lengths[1]
    kind, headline, slow = _story(living, (forward, backward), lengths, theory)
    change = Advice("")
    if prediction is not None and (kind != "healthy" or slow):
        change = advice(living, prediction, kind == "merged")
    if slow and not change.changes:  # nothing that helps, and nothing that is urgent
        change = Advice("")
    by_fan_out = _by_fan_out(living.config, (forward, backward), lengths)
    kept = (lengths[0], backward, prediction, None) if by_fan_out else (forward, length, prediction, theory)
    layers, survivor = reach(living, *kept)
    phase, remark = _phase(kind, prediction, theory, by_fan_out)
    return Verdict(
        kind=kind,
        headline=headline if living is trace else f"{headline} {lost_sentence(trace)}",
        advice=change.text,
        forward_factor=forward.seen(trace.config.depth),
        backward_factor=backward.seen(trace.config.depth),
        layers_survived=layers,
        suggested_weight_variance=change.weight_variance,
        phase=phase,
        suggested_bias_variance=change.bias_variance,
        suggested_input_variance=change.input_variance,
        suggested_first_weight_variance=change.first_weight_variance,
        suggested_bias_mean=change.bias_mean,
        settled_from=theory.layer if theory else None,
        forward_transient=forward.first_layers,
        backward_transient=backward.first_layers,
        survivor=survivor,
        slow=slow,
        remark=f"{own_first} {remark}".strip(),
        precision=f"{precision_sentence(living)} {rounding_sentence(living)}".strip(),
        loss=_first_loss(trace),
    )


def _living(trace: Trace) -> Trace:
    """Return the trace of the networks in which nothing is lost, where they are more than half; else the trace."""
    alive = np.all([np.isfinite(trace.signal(name).log10_second_moment).all(axis=1) for name in trace.lost], axis=0)
    if not trace.lost or 2 * alive.sum() <= len(alive):
        return trace
    signals, weights = (
        {name: Moments(*(getattr(of, part)[alive] for part in MOMENTS)) for name, of in named.items()}
        for named in (trace.signals, trace.weights)
    )
    by_trial = {name: getattr(trace, name)[alive] for name in ("saturated", "dead", "weight_variance", "separation", "loss")}
    return replace(trace, signals=signals, weights=weights, lost={}, **by_trial)


def _own_first_layer(config: Config, z: np.ndarray) -> str:
    """Return in a sentence what the first layer's own rule does to the signal; empty where it has none, or it does little."""
    own = config.first_weight_variance
    if own is None or SCHEMES[config.scheme].from_data or config.depth < 3 or not abs(z[1] - z[0]) > KEPT:
        return ""
    return f"The first layer has a σ_w² of its own, {number(own)}: right after it the signal changes by {factor(10 ** (z[1] - z[0]))}."


def _phase(kind: str, prediction, theory: Settling | None, by_fan_out: bool) -> tuple[str | None, str]:
    """Return the phase that theory names, or None and why it does, in a sentence, where that contradicts what these layers do."""
    phase = getattr(prediction, "phase", None)
    at_odds = {"critical": ("vanishing", "exploding"), "ordered": ("exploding",), "chaotic": ("vanishing",)}
    if theory is None or (kind not in at_odds.get(phase or "", ()) and not by_fan_out):
        return phase, ""
    expected = [np.asarray(prediction.signal(name).log10_second_moment) for name in ("z", "delta")]
    if not theory.alike:
        return None, f"Theory calls a deep network of layers like the middle one {phase}."
    if max(abs(float(line[-1] - line[0])) for line in expected) < LEVEL / 2:
        just = "" if phase == "critical" else ", but only just"
        return None, f"Theory calls it {phase}{just}: in very wide networks sizes stay level."
    if phase != "critical":
        slowly = " slowly" if abs(theory.backward) < KEEPS else ""
        return None, f"Theory calls it {phase}: once sizes have settled, gradients {'shrink' if phase == 'ordered' else 'grow'}{slowly}."
    if theory.power_law:
        return None, "Theory calls it critical: deeper layers change sizes less and less."
    return None, "Theory calls it critical: once sizes have settled, gradients stay level."


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
        "over all networks, and a few large ones pull it up."
    ).replace("× ", "×\u00a0")


def _log10_widths(trace: Trace) -> np.ndarray:
    """Return log10 of the widths of layers 1 … L: what E[δ²] lacks of the squared length of a gradient."""
    return np.log10(np.array(trace.config.widths[1:], dtype=float))


def _story(trace: Trace, sizes: Pair, lengths: Pair, theory: Settling | None) -> tuple[str, str, bool]:
    """Return (kind, headline, whether a deeper net would not be healthy): the most urgent thing to say.

    `sizes` are of E[z²] and E[δ²], `lengths` of the squared lengths n E[z²] and n E[δ²], forward and backward. Where layers differ in
    width, rules by fan-in keep E[z²] and the length of gradients, rules by fan-out the other two. What they do not keep changes by a ratio
    of widths, which no number of layers adds up to more (He et al. 2015, section 2.2).
    """
    depth = trace.config.depth
    (forward, backward), (extent, length) = sizes, lengths
    if trace.lost or math.isinf(forward.total) or math.isinf(backward.total):
        return "dead", lost_headline(trace), False
    dead, bounded = _median_share(trace.dead), lookup(trace.config.activation).bounded
    if dead > MOSTLY_DEAD and not bounded:  # a flat slope of a bounded activation is no silence
        return "dead", f"Neurons die: {percent(dead)} of them are silent on every input in the last layer.", False
    saturated = _median_share(trace.saturated)
    always_flat = float(np.mean(np.equal(lookup(trace.config.activation).slopes_at_zero, 0)))  # half of relu6, for signals of any size
    if saturated - always_flat > MOSTLY_FLAT * (1 - always_flat) and backward.total <= LEVEL and bounded:
        others = "; gradients pass through the others" if abs(backward.total) <= LEVEL else " and let almost no gradient through"
        return "saturated", f"Neurons saturate: {percent(saturated)} of them stand where the activation is flat{others}.", False
    if depth == 1:
        return "healthy", "One layer: nothing can build up yet. Add layers to see what repetition does.", False
    uneven_widths, by_fan_out = not trace.config.level, _by_fan_out(trace.config, sizes, lengths)
    shared = uneven_widths and not by_fan_out
    if not by_fan_out and (not is_level(length, theory, backward=True) or abs(length.total) > LEVEL):
        offset = uneven_widths and (length.total * backward.total < 0 or abs(backward.total) + KEPT < abs(forward.total))
        told = forward_headline(forward, depth, theory) if offset else gradient_headline(forward, backward, depth, theory)
        return *told, False
    if not by_fan_out and not is_level(forward, theory):
        return *forward_headline(forward, depth, theory), False
    fans = _log10_widths(trace) if shared else np.log10(np.array(trace.config.widths[:-1], dtype=float)) if by_fan_out else 0.0
    spread = float(np.ptp(trace.weight_gradient.median() + fans))
    if spread > LEVEL:
        return (
            "uneven",
            f"Layers learn at different speeds: their weight gradients' variances differ by a factor of {from_log10(spread)}.",
            False,
        )
    left, would = _difference_left(trace)
    if left < MERGED:
        percent_left = percent(float(f"{left:.2g}"))
        if would:
            return "merged", f"Two inputs would merge: of their difference 1 − c, layer {depth:,} would have {percent_left}.", False
        return "merged", f"Inputs have merged: at layer {depth:,} only {percent_left} of their difference 1 − c is left.", False
    keeps = theory is None or max(abs(theory.forward), abs(theory.backward)) < KEEPS
    if keeps and max(abs(forward.total), abs(backward.total)) <= KEPT:
        return "healthy", f"Healthy: the signal forward and the gradients backward keep their size through all {depth:,} layers.", False
    if keeps and theory and theory.layer and max(abs(forward.settled), abs(backward.settled)) <= KEPT:
        return "healthy", f"Healthy: sizes settle in the first {theory.layer:,} layers and stay level through all {depth:,}.", False
    narrowing = trace.config.widths[-1] / trace.config.widths[1]
    for whose, by_widths, kept in (
        ("the signal keeps its", 1 / narrowing, (extent, backward)),
        ("gradients keep their", narrowing, (forward, length)),
    ):
        if (
            uneven_widths
            and abs(math.log10(by_widths)) > KEPT
            and all(abs(of.total) <= KEPT and abs(of.per_layer) <= _KEPT_PER_LAYER for of in kept)
        ):
            widths = f"the widths alone change a neuron's share of it, by {factor(by_widths)}"
            return "healthy", f"Healthy: {whose} length; {widths}.", False
    slow = slow_headline(forward, backward, depth, theory)
    if slow:
        return "healthy", slow, True
    which = f" Widths alone change gradients by {factor(narrowing)}." if shared and narrowing != 1 else ""
    return "healthy", f"Healthy at this depth: {other_changes(forward, backward, depth, theory)}.{which}", False


def _by_fan_out(config: Config, sizes: Pair, lengths: Pair) -> bool:
    """Return whether it is the length of the signal that layers of different widths keep, and E[δ²], as rules by fan-out do."""
    (forward, backward), (extent, length) = sizes, lengths
    kept = all(abs(of.total) <= LEVEL and abs(of.per_layer) <= LEVEL_PER_LAYER for of in (extent, backward))
    better = abs(extent.total) + abs(backward.total) + KEPT < abs(forward.total) + abs(length.total)
    return not config.level and kept and better


def _difference_left(trace: Trace) -> tuple[float, bool]:
    """Return the share of 1 − c of the inputs that the last layer has, and whether that is theory's: of one input there is no pair."""
    if trace.config.inputs == 1:
        return difference_left(trace.config), True
    return float(over_trials(trace.separation[:, None]).median[0]) / trace.input_separation, False


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
