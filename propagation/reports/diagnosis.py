"""Diagnosis: what happens in a measured network, in sentences, the worst first, each with the lines that mend it where there are some."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from propagation.drift import LEVEL
from propagation.formats import FLOAT_FORMATS
from propagation.formatting import factor, from_log10, percent, power_of_two
from propagation.reports.advice import FRESH, loss_scale, weights_cause, zero_last
from propagation.reports.blocks import blocks
from propagation.reports.levels import Travel, has_stream, maps_of, travel
from propagation.reports.report import Module, Report

#: the share of numbers from which on a module is told of
_MOST = 0.5
#: the same of units that are 0 on every input: where inputs have grown alike, half of all ReLUs are
_DEAD = 0.6
#: decades from end to end that a stream behind norms may change before it needs attention
_STREAM = 4.0
#: a mean factor a layer that is off by this share from that of the first layers does not tell of them
_UNLIKE = 0.3
#: decades between weight gradients that are worth a sentence
_UNEVEN = 2.0
#: shares of its weights that a step may move a module by, before a word: a common rule of thumb is 10⁻³
_STEP = (1e-6, 0.1)
#: functions that are flat on both sides
_BOUNDED = re.compile("tanh|sigmoid|softsign|erf|arctan", re.IGNORECASE)
_FLOAT16 = FLOAT_FORMATS["float16"]


@dataclass(frozen=True)
class Finding:
    """One thing that is to be said: a headline, the reason, the lines of code that help, and where it is: a quantity and a call's index.

    `bad` where it needs attention, `healthy` where all is well; else it is good to know, unless the verdict says it already, where it is
    `in_verdict`.
    """

    headline: str
    reason: str = ""
    code: str = ""
    bad: bool = True
    at: tuple[str, int] | None = None
    in_verdict: bool = False
    healthy: bool = False


def diagnose(report: Report) -> tuple[Finding, ...]:
    """Return what happens in a network, the worst first; the first one is the verdict."""
    found = [finding for look in _LOOKS for finding in look(report)]
    if not any(finding.bad for finding in found):
        found = [_healthy(report), *(finding for finding in found if not finding.in_verdict)]
    return tuple(sorted(found, key=lambda finding: not finding.bad))


def _healthy(report: Report) -> Finding:
    back = travel(report, "out_gradient")
    if len(back.sizes) < 2:
        return Finding("The signal stays level; no gradient was measured.", bad=False)
    if not back.level:
        change = "Gradients leave their level and come back" if abs(back.total) <= LEVEL else _grow(back)
        why = "With norms the size of a weight does not matter, and Adam divides that of its gradient out; plain gradient descent feels it."
        return Finding(f"{change}.", f"Nothing else is out of line. {why}" if _has_norms(report) else "", bad=False)
    both = "gradients stay level" if not travel(report, "out").level else "signal and gradients stay level"
    return Finding(f"Healthy: {both}, within a factor of ten from end to end.", bad=False, healthy=True)


def _grow(back: Travel) -> str:
    return f"Gradients {'grow' if back.total > 0 else 'shrink'} on their way back, {_in_all(back)}"


def _not_finite(report: Report) -> Iterator[Finding]:
    first = report.first_not_finite
    if first is None:
        return
    what = "value that is no number (nan)" if first.what == "nan" else "infinite value"
    quantity = "out" if first.during == "forward" else "out_gradient"
    named = [place for place, module in enumerate(report.called) if module.name == first.module]
    places = [place for place in named if report.called[place].size(quantity) == math.inf] or named  # of its calls
    at = (quantity, places[0]) if places else None
    if first.module == "the batch":
        yield Finding(f"The batch itself holds the first {what}.", "Look at what the model is given, before the model.")
        return
    where = f"in what “{first.module}” gives out" if quantity == "out" else f"in the gradient at “{first.module}”, on the way back"
    if first.after:
        what, where = first.what.replace("infinite", "infinity"), f"between “{first.after}” and “{first.module}”, in code that is no module"
    reason = ""
    if places and quantity == "out" and math.isfinite(size := report.called[places[0]].size("in")):
        reason = f"What it is given has a root mean square of {from_log10(size / 2)}. "
    if "16" in report.dtype:
        ends = f" ({report.dtype} ends at {_FLOAT16.largest:,.0f})" if report.dtype.startswith("float16") else ""
        reason += f"Measured in float32 or float64, the same network shows by how much it leaves {report.dtype}{ends}."
    elif first.what == "nan":
        reason += "That comes of 0/0, of ∞ − ∞, and of the logarithm or the root of a negative number."
    else:
        reason += "That comes of a division by 0, of log 0, and of what is larger than the largest number."
    yield Finding(f"The first {what} arises {where}.", reason, at=at)


def _copies(report: Report) -> Iterator[Finding]:
    copies = [
        m for m in report.modules if m.same_weights_as and m.kind in ("linear", "convolution", "attention") and m.variance("weight") > 0
    ]
    if not copies:
        return
    of = blocks(report)
    inside = {of.get(name, "") for module in copies for name in (module.name, module.same_weights_as)} - {""}
    encoder = any(name.endswith(("self_attn", "linear1")) for name in (module.name for module in copies))
    if len(inside) > 1:
        who = f"nn.{report.model}" if report.model.startswith("Transformer") else "nn.TransformerEncoder" if encoder else "This network"
        headline = f"{who} starts all {len(inside):,} {'layers' if encoder else 'blocks'} identical."
    else:
        headline = (
            f"{len(copies):,} modules start with the weights of an earlier one: “{copies[0].name}” those of “{copies[0].same_weights_as}”."
        )
    why = "nn.TransformerEncoder copies one layer. " if encoder else ""
    reason = f"{why}Copies are no independent draws: what they add is alike, so that it adds up in step. Draw each anew:"
    yield Finding(headline, reason, FRESH)


def _forward(report: Report) -> Iterator[Finding]:
    found = travel(report, "out")
    if found.gone is not None:
        yield Finding(f"The signal dies: from “{report.called[found.gone].name}” on it is exactly 0.", at=("out", found.gone))
    elif not found.level and found.left is not None and not has_stream(report):
        yield _chain(report, found)
    elif found.left is not None and found.total > LEVEL:
        norms = _has_norms(report)
        reason = (
            "The norms before the branches take that back, so that each block changes the stream less than the one before." if norms else ""
        )
        grows = f"The residual stream grows {factor(10**found.total)} in mean square over {len(found.sizes):,} sums"
        if norms:
            yield Finding(f"{grows}.", reason, bad=False, at=("out", found.left))
        else:
            last = _last_of_branch(report, found.places[0])
            remedy = "Nothing takes that back. Branches that begin at 0 keep the stream as it is:" if last else ""
            yield Finding(f"{grows}, without a norm.", remedy, zero_last(last) if last else "", at=("out", found.left))
    elif found.left is not None and found.total < -LEVEL:
        yield Finding(f"The residual stream fades {factor(10**found.total)} over {len(found.sizes):,} sums.", at=("out", found.left))


def _chain(report: Report, found: Travel) -> Finding:
    """Of a signal that leaves its level without skips: the factor a layer, the first module that leaves, and why."""
    left = report.called[found.left or 0]
    grows = found.sizes[found.places.index(found.left or 0)] > found.sizes[0]
    verb = "explodes" if grows else "vanishes"
    maps = [report.called[place] for place in maps_of(report)]
    headline = f"The signal {verb}: {_a_layer(found)} in mean square, {_in_all(found)}."
    reason = f"“{left.name}” ({left.type}) is the first to leave the level."
    if _has_norms(report):
        return Finding(headline, f"{reason} Norms take that back.", bad=False, at=("out", found.left or 0))
    cause = weights_cause(report, maps, grows)
    return Finding(headline, " ".join(filter(None, (reason, cause.why, cause.remedy))), cause.code, at=("out", found.left or 0))


def _a_layer(found: Travel) -> str:
    """The factor a layer; where the first layers have another one than all on average, as where biases take over, theirs."""
    steps = found.places.index(found.left) if found.left is not None else 0
    at_first = (found.sizes[steps] - found.sizes[0]) / steps if steps else found.per_step
    if abs(at_first - found.per_step) <= _UNLIKE * abs(found.per_step):
        return f"{factor(10**found.per_step)} a layer"
    return f"{factor(10**at_first)} a layer at first"


def _in_all(found: Travel) -> str:
    return f"× {from_log10(found.total).replace(' × ', ' · ')} {'from end to end' if found.whole else 'as far as it is finite'}"


def _backward(report: Report) -> Iterator[Finding]:
    found = travel(report, "out_gradient")
    if found.gone is not None:
        yield Finding(f"Gradients die: from “{report.called[found.gone].name}” down they are exactly 0.", at=("out_gradient", found.gone))
    elif found.left is not None and abs(found.total) > LEVEL:
        grow = found.total > 0
        step = f"{_a_layer(found)} on their way back, " if not has_stream(report) else ""
        headline = f"Gradients {'explode' if grow else 'vanish'}: {step}{_in_all(found)}."
        if has_stream(report) and _has_norms(report) and abs(found.total) <= _STREAM:
            yield Finding(f"{_grow(found)}.", bad=False, at=("out_gradient", found.left), in_verdict=True)
            return
        reason = f"“{report.called[found.left].name}” ({report.called[found.left].type}) is where they first leave the level."
        code = ""
        if has_stream(report) and not grow and _norms_after_sums(report):
            reason += (
                " The norms stand after the sums, so that the skip is divided by them in every block: before the branches they do no harm."
            )
            code = "nn.TransformerEncoderLayer(…, norm_first=True)" if any(m.name.endswith("self_attn") for m in report.called) else ""
        elif not has_stream(report) and travel(report, "out").level and not _has_norms(report):
            cause = weights_cause(report, [report.called[place] for place in maps_of(report)], grow)
            reason, code = " ".join(filter(None, (reason, cause.why, cause.remedy))), cause.code
        yield Finding(headline, reason, code, at=("out_gradient", found.left))
    elif found.left is not None:
        yield Finding(f"Gradients leave their level at “{report.called[found.left].name}”, and come back.", bad=False, in_verdict=True)


def _float16(report: Report) -> Iterator[Finding]:
    called = report.called
    lost = [place for place in range(len(called))[::-1] if called[place].shares.get("gradient_below_float16", 0) > _MOST]
    if lost:
        rms = [module.size("out_gradient") / 2 for module in called if math.isfinite(module.size("out_gradient"))]
        scale = loss_scale(10.0 ** min(rms), 10.0 ** max(rms), _FLOAT16.smallest, _FLOAT16.overflow)
        first = called[lost[0]]
        where = blocks(report).get(first.name, first.name)
        smallest = from_log10(math.log10(_FLOAT16.smallest))
        headline = f"From “{where}” down gradients are below float16's smallest number, {smallest}."
        share = percent(max(called[place].shares["gradient_below_float16"] for place in lost))
        cost = report.loss or "not named"
        reason = f"Up to {share} of them would be rounded to 0 in float16, at {len(lost):,} modules, for this cost ({cost})."
        if scale is not None:
            reason += f" A loss scale of {power_of_two(scale)} holds them:"
        else:
            reason += " No loss scale holds them all."
        code = f"scaler = torch.amp.GradScaler(init_scale=2.0**{scale})" if scale is not None else ""
        yield Finding(headline, reason, code, bad=False, at=("out_gradient", lost[0]))
    high = [place for place, module in enumerate(called) if module.shares.get("above_float16", 0) > 0]
    if high:
        headline = f"What “{called[high[0]].name}” gives out is above float16's largest number, 65,504."
        yield Finding(headline, "In float16 it would be infinite; bfloat16 and float32 hold it.", bad=False, at=("out", high[0]))


def _activations(report: Report) -> Iterator[Finding]:
    found = [(place, module) for place, module in enumerate(report.called) if module.kind == "activation"]
    flat = [(p, m) for p, m in found if _BOUNDED.search(m.activation or m.type) and m.shares.get("saturated", 0) > _MOST]
    if flat:
        place, module = max(flat, key=lambda one: one[1].shares["saturated"])
        share = percent(module.shares["saturated"])
        where = f"in {len(flat):,} of {len(found):,} activations"
        yield Finding(
            f"Neurons saturate: up to {share} stand where the activation is flat, {where}.",
            f"Most of them in “{module.name}”. A flat activation lets no gradient through: weights are too large for it.",
            at=("out", place),
        )
    dead = [(place, module) for place, module in found if module.shares.get("dead", 0) > _DEAD]
    if dead:
        place, module = dead[0]
        headline = f"{percent(module.shares['dead'])} of the units of “{module.name}” are dead: they give 0 on every input of the batch."
        yield Finding(headline, f"The same of {len(dead):,} activations in all." if len(dead) > 1 else "", at=("out", place))


def _weight_gradients(report: Report) -> Iterator[Finding]:
    found = [(m.size("weight_gradient"), m) for m in report.called if m.kind in ("linear", "convolution")]
    sizes = [(size, module) for size, module in found if math.isfinite(size)]
    zero = [module for size, module in found if size == -math.inf and not module.frozen]
    if zero and len(zero) < len(found):
        more = f" and of {len(zero) - 1:,} more" if len(zero) > 1 else ""
        reason = "They stand behind weights, or a scale, that begin at 0; after a step these are not 0 any more."
        yield Finding(f"∂C/∂W of “{zero[0].name}”{more} is exactly 0 at the start.", reason, bad=False)
    if sizes and (high := max(sizes, key=_first))[0] - (low := min(sizes, key=_first))[0] > _UNEVEN:
        apart = factor(10 ** (high[0] - low[0])).removeprefix("× ")
        headline = f"Weight gradients differ {apart} times in mean square, from “{low[1].name}” to “{high[1].name}”."
        yield Finding(headline, "Plain gradient descent moves layers at these different paces; Adam divides them out.", bad=False)


def _updates(report: Report) -> Iterator[Finding]:
    history = report.history
    if history is None or not history.update_ratio:
        return
    last = {name: ratios[-1] for name, ratios in history.update_ratio.items() if math.isfinite(ratios[-1])}
    if not last:
        return
    low, high = min(last, key=last.__getitem__), max(last, key=last.__getitem__)
    told = f"At step {history.steps[-1]:,} weights move by {_share(last[low])} (“{low}”) to {_share(last[high])} (“{high}”) of their size"
    far = last[high] > _STEP[1] or last[low] < _STEP[0]
    yield Finding(f"{told} in a step.", "A common rule of thumb is 10⁻³.", bad=far)


def _share(ratio: float) -> str:
    return from_log10(math.log10(ratio)) if ratio > 0 else "0"


def _set_aside(report: Report) -> Iterator[Finding]:
    frozen = [module.name for module in report.called if module.frozen]
    if frozen:
        who = f"“{frozen[0]}” is" if len(frozen) == 1 else f"“{frozen[0]}” and {len(frozen) - 1:,} more are"
        yield Finding(f"{who} frozen: no gradient moves the weights.", bad=False)


def _has_norms(report: Report) -> bool:
    return any(module.kind == "norm" for module in report.called)


def _norms_after_sums(report: Report) -> bool:
    """Whether each sum is given to a norm: then the next branch begins behind it."""
    structure = [module.kind for module in report.called if module.kind in ("sum", "norm", "linear", "attention")]
    sums = [place for place, kind in enumerate(structure) if kind == "sum"]
    return bool(sums) and all(place + 1 < len(structure) and structure[place + 1] == "norm" for place in sums)


def _last_of_branch(report: Report, total: int) -> Module | None:
    """The last map before a sum."""
    return next((module for module in report.called[total::-1] if module.kind in ("linear", "convolution")), None)


def _first(pair: tuple[float, Module]) -> float:
    return pair[0]


#: what is looked at, the worst first
_LOOKS: tuple[Callable[[Report], Iterator[Finding]], ...] = (
    _not_finite,
    _forward,
    _backward,
    _copies,
    _activations,
    _updates,
    _float16,
    _weight_gradients,
    _set_aside,
)
