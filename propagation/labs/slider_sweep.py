"""Slider sweep: the answers over the whole range of a slider, for a page that draws every frame of a drag from them.

Theory at every position; networks at some of them, which share their noise. Between these a measurement is interpolated in its logarithms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from propagation.config import Config
from propagation.engine.cost import work
from propagation.engine.sweep import SHARING, simulate_sweep
from propagation.engine.trace import Moments, Trace
from propagation.labs.protocol import Progress
from propagation.theory.prediction import Prediction
from propagation.theory.sweep import predict_sweep

#: positions at which theory is solved and words are found, at most: one for every third pixel of a slider
MOST_POSITIONS = 80
#: how fine a sweep is, the finest first that there is time for: (positions, of how many of them at most networks are drawn at each, at how
#: many otherwise)
FINE = ((MOST_POSITIONS, 64, 33), (40, 0, 17), (20, 0, 9))
#: the same for networks of different shapes, between which nothing can be interpolated
FINE_OF_SHAPES = ((64, 64, 0), (20, 20, 0), (10, 10, 0))
#: seconds of simulation that a sweep may take, and one of a single network at each position that shares its noise
SECONDS, LONGEST = 0.6, 2.0
#: what a network of a sweep costs beside one by itself, over fields that do not change its shape: its noise is drawn once for all values
SHARED = 0.4
#: seconds that a layer of one network costs in any case: its small factorizations, which `work` does not count
LAYER = 2e-4
#: values whose theory is solved at once, between two looks whether somebody still waits for it
AT_ONCE = 20
#: steps to either side of where the slider stands that a first sweep covers, and how fine it is
NEAR, NEARBY = 24, (13, 0, 5)


@dataclass(frozen=True)
class Plan:
    """What a sweep runs: a config with each of these values of a field, and `trials` draws of the networks at the places `measured`."""

    config: Config
    field: str
    values: tuple[float, ...]
    measured: tuple[int, ...]
    trials: int

    @property
    def drawn(self) -> Config:
        """Return the config with as many draws as are measured."""
        return replace(self.config, trials=self.trials)


@dataclass(frozen=True)
class Sweep:
    """What was found: a prediction at each of the plan's values, and a trace at each of those that were measured."""

    plan: Plan
    predictions: tuple[Prediction, ...]
    traces: tuple[Trace, ...]

    def trace(self, place: int) -> Trace:
        """Return the trace at the value of this place: as measured, or between the two next to it that were."""
        measured = self.plan.measured
        after = int(np.searchsorted(measured, place))
        if after == len(measured) or measured[after] == place or after == 0:
            return self.traces[min(after, len(measured) - 1)]
        low, high = measured[after - 1], measured[after]
        share = (place - low) / (high - low)
        (config,) = self.plan.drawn.variants(self.plan.field, self.plan.values[place : place + 1])
        return _between(self.traces[after - 1], self.traces[after], share, config)


def plans(config: Config, field: str, values: Sequence[float], here: int) -> tuple[Plan, ...]:
    """Return what can be had soon of a slider that stands at place `here` among these values; nothing where that is not even one network.

    First what is near, of one network, then as much of the range as there is time for. Networks of one shape cover it all, or there are
    none; of others those beyond the last that there is time for are left out.
    """
    shared = field in SHARING
    attempts = (_plan(config, field, values, here, *fine) for fine in (FINE if shared else FINE_OF_SHAPES))
    whole = next((plan for plan in attempts if plan is not None and (not shared or plan.values[-1] == values[-1])), None)
    if whole is None or len(values) <= 2 * NEAR:
        return () if whole is None else (whole,)
    first = max(0, here - NEAR)
    near = _plan(replace(config, trials=1), field, values[first : here + NEAR + 1], here - first, *NEARBY)
    return (whole,) if near is None else (near, whole)


def _plan(config: Config, field: str, values: Sequence[float], here: int, positions: int, all_of: int, some: int) -> Plan | None:
    """Return the plan of at most so many positions, networks at all of a few of them or at some of many; None where one takes too long."""
    chosen = spread(len(values), positions, here)
    measured = spread(len(chosen), len(chosen) if len(chosen) <= all_of else some, chosen.index(here))
    each, most = (SHARED, LONGEST) if field in SHARING else (1.0, SECONDS)
    drawn = replace(config, trials=1).variants(field, [values[chosen[place]] for place in measured])
    cost = [each * work(one).seconds + LAYER * one.depth for one in drawn]
    while cost and sum(cost) > most:
        cost.pop()
    measured = measured[: len(cost)]
    if not measured or chosen[measured[-1]] < here:
        return None
    trials = max(1, min(int(SECONDS / sum(cost)), config.trials))
    return Plan(config, field, tuple(values[place] for place in chosen[: measured[-1] + 1]), tuple(measured), trials)


def run(plan: Plan, progress: Progress | None = None) -> Sweep:
    """Return the sweep of a plan. `progress` may stop it by raising."""
    predictions = predicted(plan.config, plan.field, plan.values, progress)
    traces = simulate_sweep(plan.drawn, plan.field, [plan.values[place] for place in plan.measured], progress)
    return Sweep(plan, tuple(predictions), tuple(traces))


def predicted(config: Config, field: str, values: Sequence[Any], progress: Progress | None = None) -> list[Prediction]:
    """Return the theory of a config with each of these values of a field. `progress` may stop it by raising."""
    predictions: list[Prediction] = []
    for first in range(0, len(values), AT_ONCE):
        predictions += predict_sweep(config, field, values[first : first + AT_ONCE])
        if progress:
            progress(0.0)
    return predictions


def spread(count: int, most: int, here: int) -> list[int]:
    """Return at most so many of the places 0 … count − 1, evenly spread, with both ends and `here`."""
    places = np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))
    inner = places[1:-1]
    if here not in places and len(inner):
        inner[np.argmin(np.abs(inner - here))] = here
    return sorted({int(places[0]), *inner.tolist(), int(places[-1])})


def _between(low: Trace, high: Trace, share: float, config: Config) -> Trace:
    """Return what lies at this share of the way from one trace to another, in logarithms; at a loss, what the nearer one says."""
    nearer = low if share < 0.5 else high

    def mixed(name: str) -> Any:
        return _mixed(getattr(low, name), getattr(high, name), share)

    signals = {
        name: Moments(*(_mixed(getattr(one, part), getattr(high.signal(name), part), share) for part in _MOMENTS))
        for name, one in low.signals.items()
    }
    return replace(
        nearer,
        config=config,
        signals=signals,
        input_log10_second_moment=float(mixed("input_log10_second_moment")),
        **{name: mixed(name) for name in _MEANS},
    )


_MOMENTS = ("mean", "log10_variance", "log10_second_moment")
_MEANS = ("saturated", "dead", "weight_variance", "separation", "loss")


def _mixed(low: Any, high: Any, share: float) -> Any:
    """Return a mean of two arrays; where one is not finite, the nearer of the two."""
    with np.errstate(invalid="ignore"):
        mean = np.asarray((1 - share) * low + share * high)
    return np.where(np.isfinite(mean), mean, low if share < 0.5 else high)
