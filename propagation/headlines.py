"""Headlines: what happens to a signal that does not stay level, in one sentence each."""

from __future__ import annotations

import math

import numpy as np

from propagation.drift import KEEPS, Drift, Settling, is_level, power_law
from propagation.engine.trace import Trace
from propagation.formatting import factor, magnitude, multiple, percent
from propagation.signals import SIGNALS
from propagation.theory.dying import silent_share


def gradient_headline(forward: Drift, backward: Drift, theory: Settling | None) -> tuple[str, str]:
    """Return (kind, headline) where gradients drift; the signal forward is named too where it shares their fate."""
    kind = "vanishing" if backward.total < 0 else "exploding"
    shrinks = kind == "vanishing"
    calm = theory is not None and theory.stays and abs(theory.backward) < KEEPS
    if theory and theory.layer and is_level(backward, theory, backward=True):
        first = f"Gradients {'shrink' if shrinks else 'grow'} in the first {theory.layer:,} layers: {_outcome(backward, 1)}."
        return kind, f"{first} Deeper layers {'keep them level' if calm else f'do {factor(backward.factor)} each'}."
    if theory and calm and not theory.power_law and theory.alike and theory.layer is None:
        return kind, f"Gradients {'shrink' if shrinks else 'grow'} while sizes settle: {_outcome(backward, 1)}."
    both = not is_level(forward, theory) and (forward.per_layer < 0) == (backward.per_layer < 0)
    subject = f"{'Signal and gradients' if both else 'Gradients'} {'vanish' if shrinks else 'explode'}"
    if power_law(theory):
        return kind, f"{subject} like a power of depth: {_outcome(backward, 1)}."
    if shrinks:
        share = percent(backward.factor)
        how = f"each layer keeps {f'{percent(forward.factor)} forward, {share} backward' if both else f'{share} of their variance'}"
    elif both:  # as short as a line of a page
        how = f"× {multiple(forward.factor)} forward, × {multiple(backward.factor)} backward per layer"
    else:
        how = f"each layer multiplies their variance by {multiple(backward.factor)}"
    return kind, f"{subject}: {how}; {_outcome(backward, 1)}."


def forward_headline(forward: Drift, depth: int, theory: Settling | None) -> tuple[str, str]:
    """Return (kind, headline) where the signal drifts on its way forward and gradients do not."""
    fades = forward.total < 0
    kind, verb = ("vanishing", "fades") if fades else ("exploding", "grows")
    if power_law(theory):
        return kind, f"The signal {verb} on its way forward, like a power of depth; {_outcome(forward, depth)}."
    how = f"keeps {percent(forward.factor)} of its size" if fades else f"multiplies its size by {multiple(forward.factor)}"
    return kind, f"The signal {verb} on its way forward: each layer {how}; {_outcome(forward, depth)}."


def lost_headline(trace: Trace) -> str:
    """Return what to say where a signal is exactly zero, or no number at all, from some layer on."""
    trials = trace.config.trials
    for name, info in SIGNALS.items():
        if name in trace.lost and info.way:
            subject, onward = ("The signal dies", "on") if info.forward else ("Gradients die", "down")
            gone = ~np.isfinite(trace.signal(name).log10_second_moment).all(axis=1)
            where = "in the one network drawn" if trials == 1 else f"in {int(gone.sum())} of {trials} networks"
            # z is zero above an h that is
            share = silent_share(trace.config, trace.config.depth - (name == "z")) if info.forward else math.nan
            theory = "" if math.isnan(share) else f" (theory: {percent(share)})"
            first = f"{'' if gone.sum() == 1 else 'in the first of them '}from layer {trace.lost[name]} {onward}"
            return f"{subject} {where}{theory}: nothing but zero is left, {first}."
    return "The signal dies: nothing but zero is left."


def _outcome(drift: Drift, end: int) -> str:
    """Return what has become of a signal in the layer where it ends, compared with the layer where it began."""
    if drift.total < 0:
        left = percent(float(f"{10**drift.total:.2g}")) if drift.total > -3 else magnitude(drift.total)
        return f"{left} is left at layer {end:,}"
    return f"{magnitude(drift.total)} times as much at layer {end:,}"
