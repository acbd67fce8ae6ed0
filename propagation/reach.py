"""Reach: for how many layers a network keeps something of its signals; its own property, whatever its depth."""

from __future__ import annotations

import math

import numpy as np

from propagation.drift import LEVEL, LEVEL_PER_LAYER, Drift, Settling
from propagation.engine.trace import Trace
from propagation.signals import FORWARD

#: a signal is followed through about this many depth scales (Schoenholz et al. 2017)
DEPTH_SCALES = 6
#: layers from which on a reach is "any depth"
ANY_DEPTH = 9999


def reach(trace: Trace, forward: Drift, length: Drift, prediction, theory: Settling | None) -> tuple[float, str]:
    """Return how many layers what survives, and its name.

    Six ξ_c where theory has one: so long inputs can be told apart, or in chaos it is seen which were similar. Else six scales of whichever
    settled factor is further from 1, by theory, or as measured where that is not level and layers differ or theory is silent.
    """
    if trace.lost and (passed := _layers_until_lost(trace)) < trace.config.depth:
        return passed, "a signal survives" if any(name in FORWARD for name in trace.lost) else "gradients survive"
    scale = getattr(prediction, "xi_c", math.inf)
    if 0 < DEPTH_SCALES * scale <= ANY_DEPTH:
        chaotic = getattr(prediction, "phase", "") == "chaotic"
        return DEPTH_SCALES * scale, "similar inputs look similar for" if chaotic else "inputs can be told apart for"
    measured = {"gradients survive": length, "a signal survives": forward}
    steep = {
        name: drift.per_layer for name, drift in measured.items() if abs(drift.settled) > LEVEL or abs(drift.per_layer) > LEVEL_PER_LAYER
    }
    if theory is None or (steep and not theory.alike):
        return _steepest(steep) or (math.inf, "sizes survive")
    if found := _steepest({"gradients survive": theory.backward, "a signal survives": theory.forward}):
        return found
    expected = [np.asarray(prediction.signal(name).log10_second_moment) for name in ("z", "delta")]
    chance = max(abs(float(line[-1] - line[0])) for line in expected) < LEVEL / 2
    condition = "" if not steep else "in wide networks " if chance else "once settled, "
    return math.inf, "" if theory.power_law else f"{condition}sizes survive"


def _steepest(rates: dict[str, float]) -> tuple[float, str] | None:
    """Return six scales of the largest of these decades per layer, and its name; None where all of them last at any depth."""
    name = max(rates, key=lambda name: abs(rates[name]), default="")
    layers = DEPTH_SCALES / (math.log(10) * abs(rates[name])) if name and rates[name] else math.inf
    return None if layers > ANY_DEPTH else (layers, name)


def _layers_until_lost(trace: Trace) -> float:
    """Return how many layers a signal passed before it was gone, median over trials, in the direction in which that took fewest."""

    def passed(name: str) -> float:
        left = np.isfinite(trace.signal(name).log10_second_moment)
        onward = left if name in FORWARD else left[:, ::-1]
        return float(np.median(np.where(onward.all(axis=1), left.shape[1], onward.argmin(axis=1))))

    return min(map(passed, [name for name in trace.lost if name in FORWARD] or trace.lost))
