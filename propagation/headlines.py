"""Headlines: what happens to a signal that does not stay level, in one sentence each."""

from __future__ import annotations

import math

import numpy as np

from propagation.drift import KEEPS, KEPT, LEVEL_PER_LAYER, Drift, Settling, is_level, power_law
from propagation.engine.trace import Trace
from propagation.formatting import factor, magnitude, multiple, percent
from propagation.signals import SIGNALS
from propagation.theory.dying import silent_share

#: a settled factor closer to 1 than this is called level
_HARDLY = 0.03
#: decades a layer by which measured layers may differ from theory's settled one and still be called that
_UNSETTLED = 0.05


def gradient_headline(forward: Drift, backward: Drift, depth: int, theory: Settling | None) -> tuple[str, str]:
    """Return (kind, headline) where gradients drift; the signal forward is named too where it shares their fate.

    A signal that settles does not vanish, whatever the first layers do to it. Where it changes much more than gradients, its end is told.
    """
    kind = "vanishing" if backward.total < 0 else "exploding"
    shrinks = kind == "vanishing"
    calm = theory is not None and theory.stays and abs(theory.backward) < KEEPS
    if theory and theory.layer and is_level(backward, theory, backward=True):
        first = f"Gradients {'shrink' if shrinks else 'grow'} in the first {theory.layer:,} layers: {_outcome(backward, 1)}."
        level = calm and abs(backward.factor - 1) < _HARDLY
        return kind, f"{first} Deeper layers {'keep them level' if level else f'change them by {factor(backward.factor)} each'}."
    settles = theory is not None and _unsettled(theory) and theory.stays
    both = not settles and not is_level(forward, theory) and (forward.per_layer < 0) == (backward.per_layer < 0)
    who = "Signal and gradients" if both else "Gradients"
    end = _outcome(forward, depth) if both and abs(forward.total) > abs(backward.total) + KEPT else _outcome(backward, 1)
    if theory and _unsettled(theory) and (calm or abs(theory.backward - backward.per_layer) > _UNSETTLED):
        settled = "" if calm else f" Settled layers change them by {factor(10**theory.backward)} each."
        return kind, f"{who} {'shrink' if shrinks else 'grow'} while sizes settle: {end}.{settled}"
    subject = f"{who} {'vanish' if shrinks else 'explode'}"
    if power_law(theory):
        return kind, f"{who} {'fade' if shrinks else 'grow'}, {_pace(shrinks)}: {end}."
    if shrinks:
        share = percent(backward.factor)
        how = f"each layer keeps {f'{percent(forward.factor)} forward, {share} backward' if both else f'{share} of their variance'}"
    elif both:  # as short as a line of a page
        how = f"{factor(forward.factor)} forward, {factor(backward.factor)} backward per layer"
    else:
        how = f"each layer multiplies their variance by {multiple(backward.factor)}"
    return kind, f"{subject}: {how}; {end}."


def forward_headline(forward: Drift, depth: int, theory: Settling | None) -> tuple[str, str]:
    """Return (kind, headline) where the signal drifts on its way forward and gradients do not."""
    fades = forward.total < 0
    kind, verb = ("vanishing", "fades") if fades else ("exploding", "grows")
    if power_law(theory):
        return kind, f"The signal {verb} on its way forward, {_pace(fades)}; {_outcome(forward, depth)}."
    if theory and _unsettled(theory) and abs(theory.forward - forward.per_layer) > _UNSETTLED:
        settled = "" if theory.stays else f" Settled layers change it by {factor(10**theory.forward)} each."
        return kind, f"The signal {'shrinks' if fades else 'grows'} while sizes settle: {_outcome(forward, depth)}.{settled}"
    how = f"keeps {percent(forward.factor)} of its size" if fades else f"multiplies its size by {multiple(forward.factor)}"
    return kind, f"The signal {verb} on its way forward: each layer {how}; {_outcome(forward, depth)}."


def slow_headline(forward: Drift, backward: Drift, depth: int, theory: Settling | None) -> str:
    """Return the headline of sizes that stay within a decade here and would not in a deeper net; empty where no layer does that."""
    if theory and not theory.alike:
        return ""
    if power_law(theory):
        changes = _changes(forward.total, backward.total)
        return f"Healthy at this depth, but sizes never settle: {depth:,} layers change {changes}, each less than the one before."
    rates = (theory.forward, theory.backward) if theory else (forward.per_layer, backward.per_layer)
    seen = {
        name: rate
        for name, rate in zip(("the signal", "gradients"), rates, strict=True)
        if abs(rate) >= KEEPS or abs(rate) * (depth - 1) > KEPT / 2
    }
    if not seen:
        return ""
    first = max(seen, key=lambda name: abs(seen[name]))
    fades, layers = seen[first] < 0, _decade(seen[first])
    both = len(seen) == 2 and len({(rate < 0, _decade(rate)) for rate in seen.values()}) == 1
    who, s = ("signal and gradients", "") if both else (first, "s" if first == "the signal" else "")
    measured = forward.per_layer if first == "the signal" else backward.per_layer
    settled_later = abs(seen[first]) > LEVEL_PER_LAYER or abs(seen[first] - measured) > _UNSETTLED
    of = f"the {who.removeprefix('the ')}" if settled_later else "it" if s else "them"
    becomes = f"{layers:,} layers " + (f"leave a tenth of {of}" if fades else f"make {of} ten times as large")
    if settled_later:
        return f"Healthy at this depth, but not deeper: once sizes have settled, {becomes}."
    return f"Healthy at this depth, but {who} {'fade' if fades else 'grow'}{s} slowly: {becomes}."


def other_changes(forward: Drift, backward: Drift, depth: int, theory: Settling | None) -> str:
    """Return what happens from end to end where no settled layer does much: by chance, while sizes settle, or since widths differ."""
    if theory and theory.layer:
        settled = _changes(forward.settled, backward.settled)
        return f"sizes settle, and then chance changes {settled}" if theory.layer > 1 else f"chance changes {settled}"
    cause = "while sizes settle, " if theory and theory.alike and theory.stays else ""
    return f"{cause}{depth:,} layers change {_changes(forward.total, backward.total)}"


def _changes(forward: float, backward: float) -> str:
    """Return by what signal and gradients change, in the two digits that can be seen."""
    signal, gradients = (factor(float(f"{10**decades:.2g}")) for decades in (forward, backward))
    return f"the signal by {signal} and gradients by {gradients}"


def _decade(rate: float) -> int:
    """Return the number of layers that change a size by a factor of ten."""
    return math.ceil(1 / abs(rate) - 1e-6)


def lost_headline(trace: Trace) -> str:
    """Return what to say where a signal is exactly zero, or no number at all, from some layer on."""
    for name in _on_the_way(trace):
        number = int(_gone(trace, name).sum())
        first = f"{'' if number == 1 else 'in the first of them '}from layer {trace.lost[name]} {'on' if SIGNALS[name].forward else 'down'}"
        return f"{_deaths(trace, name)}: nothing but zero is left, {first}."
    return "The signal dies: nothing but zero is left."


def lost_sentence(trace: Trace) -> str:
    """Return in how many networks a signal dies, where that is not the story."""
    most = max(_on_the_way(trace), key=lambda name: _gone(trace, name).sum(), default="")
    return f"{_deaths(trace, most)}." if most else ""


def _on_the_way(trace: Trace) -> list[str]:
    """Return the signals that layers pass on and that are lost, in the order in which they are computed."""
    return [name for name, info in SIGNALS.items() if name in trace.lost and info.way]


def _gone(trace: Trace, name: str) -> np.ndarray:
    """Return in which trials a signal is lost, (trials,)."""
    return ~np.isfinite(trace.signal(name).log10_second_moment).all(axis=1)


def _deaths(trace: Trace, name: str) -> str:
    """Return in how many networks a signal dies, and in how many theory expects it to."""
    config, forward = trace.config, SIGNALS[name].forward
    subject = "The signal dies" if forward else "Gradients die"
    where = f"in {int(_gone(trace, name).sum())} of {config.trials} networks" if config.trials > 1 else "in the one network drawn"
    share = silent_share(config, config.depth - (name == "z")) if forward else math.nan  # z is zero above an h that is
    most = "at most " if config.inputs > 1 and share < 1 else ""
    return f"{subject} {where}" + ("" if math.isnan(share) else f" (theory: {most}{percent(share)})")


def _unsettled(theory: Settling) -> bool:
    """Return whether equal layers are too few to settle, though more of them would."""
    return theory.alike and theory.layer is None and not theory.power_law


def _pace(fades: bool) -> str:
    """Return how a power of depth goes on."""
    return "more slowly in each layer" if fades else "by a smaller factor in each layer"


def _outcome(drift: Drift, end: int) -> str:
    """Return what has become of a signal in the layer where it ends, compared with the layer where it began."""
    if drift.total < 0:
        left = percent(float(f"{10**drift.total:.2g}")) if drift.total > -3 else magnitude(drift.total)
        return f"{left} is left at layer {end:,}"
    return f"{magnitude(drift.total)} times as much at layer {end:,}"
