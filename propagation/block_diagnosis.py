"""Block diagnosis: the verdict on a network whose layers are more than a linear map and φ: with skips, norms or dropout.

No single factor a layer tells of a stream: without a scale it doubles from block to block, behind a norm it grows like their number. So
what counts is the whole change, and the pace at its end.
"""

from __future__ import annotations

import math

import numpy as np

from propagation.config import Config
from propagation.drift import KEPT, LEVEL, Drift, drifts
from propagation.engine.trace import Trace
from propagation.expressions import lookup
from propagation.formatting import factor, from_log10, magnitude, number, percent
from propagation.headlines import forward_headline, gradient_headline, lost_headline
from propagation.precision import precision_sentence
from propagation.reach import DEPTH_SCALES
from propagation.rounding import rounding_sentence
from propagation.theory.prediction import Prediction
from propagation.theory.recommendation import MERGED, critical_setting
from propagation.trials import over_trials
from propagation.verdict import Verdict

#: decades by which the paces of gradients of a residual network's blocks may differ: behind a norm they do by their number
_UNEVEN = 2.0
#: decades a block from which on a change goes on with depth as a factor does, and that a change that slows down may add up to in all
_STEADY, _SLOWING = 0.02, 2.0
#: times the mean pace from which on that at the end is another story: a gate squares what it gets
_RUNS_AWAY = 1.8
#: the same behind a norm, where it is a power of depth
_POWER = 3.0
_MOSTLY_DEAD = 0.9
#: shares of 1 − c below this are lost to the rounding of layers whose W is never built
_ROUNDING = 1e-14

#: a field of the architecture with its value, or σ_w²
Suggestion = tuple[str, str | float | bool] | float | None


def diagnose_blocks(trace: Trace, prediction: Prediction | None = None) -> Verdict:
    """Return the verdict; the pace at the end of a change is theory's, if given, else as measured."""
    # z of the first layer is as large as the inputs make it: behind it a norm divides its gradient by that
    first = int(not trace.config.has_stream and trace.config.normalization != "none" and trace.config.depth > 3)
    forward, backward = drifts(trace.forward.median()[first:], trace.backward.median()[first:], None)
    line = trace if prediction is None else prediction
    paces = _pace(line.forward), -_pace(line.backward)
    kind, headline = _story(trace, prediction, forward, backward, paces)
    advice, suggested = _advice(trace.config, kind, backward)
    steady = max((abs(pace) for drift, pace in zip((forward, backward), paces, strict=True) if not _slows(drift, pace)), default=0.0)
    slows = steady < _STEADY and max(abs(forward.total), abs(backward.total)) > KEPT
    return Verdict(
        kind=kind,
        headline=headline,
        advice=advice,
        forward_factor=forward.seen(trace.config.depth),
        backward_factor=backward.seen(trace.config.depth),
        layers_survived=math.inf if steady < _STEADY or kind == "merged" else DEPTH_SCALES / (math.log(10) * steady),
        suggested_weight_variance=suggested if isinstance(suggested, float) else None,
        phase=None,
        survivor="" if slows else "sizes survive",
        unit="block" if trace.config.has_stream else "layer",
        precision=f"{precision_sentence(trace)} {rounding_sentence(trace)}".strip(),
        suggested_block=suggested if isinstance(suggested, tuple) else None,
    )


def _sizes(moments) -> np.ndarray:
    return np.asarray(moments.median() if hasattr(moments, "median") else moments.log10_second_moment)


def _pace(moments) -> float:
    """Return the decades a layer in the last third of the network, where more layers would be added; 0 where there are too few."""
    sizes = _sizes(moments)
    first = 2 * (len(sizes) - 1) // 3
    start, end = float(sizes[first]), float(sizes[-1])
    return (end - start) / max(len(sizes) - 1 - first, 1) if math.isfinite(start) and math.isfinite(end) else 0.0


def _slows(drift: Drift, pace: float) -> bool:
    """Return whether deeper blocks change a signal by a smaller factor than the mean one does."""
    return abs(pace) < 0.7 * abs(drift.per_layer)


def _story(trace: Trace, prediction: Prediction | None, forward: Drift, backward: Drift, paces: tuple[float, float]) -> tuple[str, str]:
    """Return (kind, headline)."""
    config = trace.config
    depth = config.depth
    if trace.lost or math.isinf(forward.total) or math.isinf(backward.total):
        return "dead", lost_headline(trace)
    dead = float(over_trials(trace.dead).median[-1])
    if dead > _MOSTLY_DEAD and not lookup(config.activation).bounded and not config.has_stream:
        return "dead", f"Neurons die: {percent(dead)} of them are silent on every input in the last layer."
    if depth == 1:
        return "healthy", "One layer: nothing can build up yet. Add layers to see what repetition does."
    if not config.has_stream:
        return _plain_story(trace, forward, backward)
    alike = _alike_tokens(trace, prediction)
    told = stream_headline(config, forward, backward, paces)
    # behind a norm, gradients that shrink where tokens are alike have lost what told these apart, once, and nothing from block to block
    by_alike = alike and config.normalization != "none" and told and told[0] == "vanishing"
    if told and not by_alike:
        return told
    if alike:
        return alike
    spread = _spread(trace)
    if spread > _UNEVEN:
        return "uneven", f"Blocks learn at different speeds: their weight gradients' variances differ by a factor of {from_log10(spread)}."
    if config.tokens == 1 and (told := _merged(trace)):
        return told
    return "healthy", _healthy(config, forward, backward)


def _plain_story(trace: Trace, forward: Drift, backward: Drift) -> tuple[str, str]:
    """Return (kind, headline) of layers with norms or dropout, and no skips."""
    depth = trace.config.depth
    if abs(backward.total) > LEVEL:
        return gradient_headline(forward, backward, depth, None)
    if abs(forward.total) > LEVEL:
        return forward_headline(forward, depth, None)
    spread = _spread(trace)
    if spread > LEVEL:
        return "uneven", f"Layers learn at different speeds: their weight gradients' variances differ by a factor of {from_log10(spread)}."
    if told := _merged(trace):
        return told
    if max(abs(forward.total), abs(backward.total)) <= KEPT:
        return "healthy", f"Healthy: the signal forward and the gradients backward keep their size through all {depth:,} layers."
    return "healthy", f"Healthy at this depth: {depth:,} layers change {_changes(forward, backward, 'the signal')}."


def _spread(trace: Trace) -> float:
    """Return the decades between the largest and the smallest weight gradient; those that are 0 by design do not count."""
    sizes = trace.weight_gradient.median()
    return float(np.ptp(sizes[np.isfinite(sizes)])) if np.isfinite(sizes).any() else 0.0


def _merged(trace: Trace) -> tuple[str, str] | None:
    """Return what to say where the inputs have grown alike; None where they have not."""
    if trace.config.inputs == 1:
        return None
    left = float(over_trials(trace.separation[:, None]).median[0]) / trace.input_separation
    if not left < MERGED:
        return None
    share = percent(float(f"{left:.2g}"))
    return "merged", f"Inputs have merged: at layer {trace.config.depth:,} only {share} of their difference 1 − c is left."


def _alike_tokens(trace: Trace, prediction: Prediction | None) -> tuple[str, str] | None:
    """Return what to say where the tokens of a sequence have grown alike; None where they have not."""
    config = trace.config
    if config.tokens == 1 or not trace.input_separation:
        return None
    left, change = float(np.median(trace.separation)) / trace.input_separation, _change(trace.weights["Wq"].median())
    if not left < MERGED:
        return None
    where = f"at block {config.depth:,}"
    if left > _ROUNDING:
        share = f"{where}, {magnitude(math.log10(left))}"
    elif prediction is None or prediction.token_separation is None or not prediction.token_separation[-1]:
        share, change = f"{where}, less than 10⁻¹⁴", math.nan
    else:  # where the arithmetic has no digits left, theory has
        share = f"{where}, by theory, {magnitude(math.log10(prediction.token_separation[-1] / trace.input_separation))}"
        change = _change(prediction.weights["Wq"].log10_second_moment)
    told = f"The tokens of a sequence become alike: {share} of their difference 1\u00a0−\u00a0c is left"
    if not change < -LEVEL:
        return "merged", f"{told}."
    return "merged", f"{told}, and W_q gets {magnitude(change)} of the squared gradient that it gets in block 1."


def _change(sizes: np.ndarray) -> float:
    """The decades from the first block to the last; NaN where one of them has nothing."""
    return float(sizes[-1] - sizes[0]) if np.isfinite(sizes[[0, -1]]).all() else math.nan


def stream_headline(config: Config, forward: Drift, backward: Drift, paces: tuple[float, float]) -> tuple[str, str] | None:
    """Return (kind, headline) where the stream or its gradient changes too much; None where neither does.

    `paces` are the decades that a block adds at the end of the network, to the stream and to gradients on their way back.
    """
    normalized = config.normalization != "none"
    most = _POWER if normalized else _SLOWING

    def steady(one: tuple) -> bool:
        return abs(one[3]) >= _STEADY and not _slows(one[2], one[3])

    # behind a norm the size of the stream is nothing to a branch
    told = [] if normalized else [("The stream", "s", forward, paces[0], config.depth)]
    told.append(("Gradients", "", backward, paces[1], 1))
    loud = [one for one in told if abs(one[2].total) > LEVEL and (steady(one) or abs(one[2].total) > most)]
    if not loud:
        return None
    who, s, drift, pace, end = loud[0]
    grows = drift.total > 0
    kind = "exploding" if grows else "vanishing"
    left = f"{magnitude(drift.total)} times as much" if grows else f"{magnitude(drift.total)} is left"
    others = [one for one in loud if one[0] != who and (one[2].total > 0) == grows]
    too = "; gradients too" if others else ""
    verb = f"{'grow' if grows else 'shrink'}{s}"
    if abs(pace) >= _STEADY and pace * drift.total < 0:  # gradients meet the end of the network first
        first, then = ("grow", "shrink") if grows == (who == "The stream") else ("shrink", "grow")
        return kind, f"{who} first {first}{s}, then {then}{s}: {left} at block {end:,}{too}."
    if _slows(drift, pace):
        return kind, f"{who} {verb}, by a smaller factor the deeper the block: {left} at block {end:,}{too}."
    if abs(pace) > _RUNS_AWAY * abs(drift.per_layer):
        return kind, f"{who} {verb}, by a larger factor the deeper the block: {left} at block {end:,}{too}."
    return kind, f"{who} {verb} by {factor(drift.factor)} in every block: {left} at block {end:,}{too}."


def _healthy(config: Config, forward: Drift, backward: Drift) -> str:
    """Return the headline of a healthy residual network."""
    depth = config.depth
    if config.branch_rule in ("zero", "fixup") or (config.branch_rule == "custom" and config.branch_scale == 0):
        first = "the last weights of each branch learn" if config.branch_rule == "fixup" else "α learns"
        return f"Healthy: every block begins as the identity, so stream and gradients pass as they are. At first only {first}."
    if max(abs(forward.total), abs(backward.total)) <= KEPT:
        return f"Healthy: the stream forward and its gradient backward keep their size through all {depth:,} blocks."
    if config.normalization != "none" and forward.total > LEVEL:
        grown = f"the stream grows like the number of blocks, {factor(10**forward.total)} in all"
        return f"Healthy: {grown}. Gradients change by {factor(10**backward.total)}."
    return f"Healthy: {depth:,} blocks change {_changes(forward, backward, 'the stream')}."


def _changes(forward: Drift, backward: Drift, what: str) -> str:
    signal, gradients = (factor(float(f"{10**drift.total:.2g}")) for drift in (forward, backward))
    return f"{what} by {signal} and gradients by {gradients}"


def _block_advice(config: Config, kind: str) -> tuple[str, Suggestion]:
    """Return the same for networks with branches."""
    if config.shared_blocks and kind in ("exploding", "uneven"):
        return "All blocks start identical, so what they add points the same way: initialize each of them by itself.", (
            "shared_blocks",
            False,
        )
    if config.gated and config.normalization == "none":
        return "A gate multiplies two numbers, so without a norm sizes square from block to block: add one.", ("normalization", "rms")
    if kind == "merged" and config.branch_rule == "custom" and not config.skip_scale:
        return "Nothing goes past attention here, and it averages: skip connections keep tokens apart.", ("skip_scale", 1.0)
    if kind == "merged" and config.normalization != "none" and config.norm_position == "post":
        return "Pre-norm lets the stream grow, so that each further block averages less.", ("norm_position", "pre")
    if config.normalization == "none" and config.branch_rule == "custom" and kind == "exploding":
        return "Scale branches by 1/√L: then all blocks together change the stream by a few times at most, however many.", (
            "branch_rule",
            "sqrt",
        )
    return "", None


def _advice(config: Config, kind: str, backward: Drift) -> tuple[str, Suggestion]:
    """Return what to change, in words, and the part of the architecture to be set, or σ_w²; None where no one click helps."""
    if kind not in ("exploding", "vanishing", "uneven", "merged"):
        return "", None
    if config.has_stream:
        return _block_advice(config, kind)
    skips = "Skip connections past it keep gradients alive at any depth."
    if config.normalization == "batch" and backward.total > 0:
        return f"Batch norm makes gradients grow, by {factor(backward.factor)} a layer here, whatever σ_w² is. {skips}", (
            "architecture",
            "residual",
        )
    if config.normalization != "none":
        return f"A norm keeps the signal level, and what a layer does to gradients no longer depends on σ_w². {skips}", (
            "architecture",
            "residual",
        )
    phi = lookup(config.activation)
    level = "Dropout multiplies every square by 1/p, p the share that it keeps: multiply σ_w² by p to keep sizes level"
    if not phi.homogeneous or config.bias_mean or config.bias_variance:
        return f"{level}.", None
    weight = float(f"{config.keep * critical_setting(config.activation, 0.0):.7g}")
    return f"{level}, and take σ_w² = {number(weight)}.", weight
