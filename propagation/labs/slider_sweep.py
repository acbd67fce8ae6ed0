"""Slider sweep: the answers over the whole range of a slider, for a page that draws every frame of a drag from them.

Theory at every position; networks at some of them, which share their noise. Between these what is measured is interpolated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np

from propagation.architecture import blocks
from propagation.config import Config
from propagation.engine.cost import work
from propagation.engine.network import simulate_alike
from propagation.engine.sweep import SHARING, each
from propagation.engine.trace import Trace
from propagation.labs.protocol import Progress
from propagation.ops import Attend, Variance, ops_within
from propagation.rules import moved
from propagation.theory.prediction import Prediction
from propagation.theory.softmax import LARGEST_VARIANCE
from propagation.theory.sweep import predict_each

Theory = TypeVar("Theory")
Found = TypeVar("Found")

#: positions at which theory is solved and words are found, at most: one for every third pixel of a slider
MOST_POSITIONS = 80
#: how fine a sweep is, the finest first that there is time for: (positions, of how many of them at most networks are drawn at each, at how
#: many otherwise)
FINE = ((MOST_POSITIONS, 64, 33), (40, 0, 17), (20, 0, 9))
#: the same for networks of different shapes, between which nothing can be interpolated
FINE_OF_SHAPES = ((64, 64, 0), (20, 20, 0), (10, 10, 0))
#: seconds of simulation that a sweep may take, and one of as few networks as there can be at each position that shares its noise
SECONDS, LONGEST = 0.6, 2.0
#: what a network of a sweep costs beside one by itself, over fields that do not change its shape: its noise is drawn once for all values
SHARED = 0.4
#: seconds that a layer of one network costs in any case: its small factorizations, which `work` does not count
LAYER = 2e-4
#: seconds that theory takes of a block with attention, by integrals, or by drawn patterns, and that it may take for the positions near the
#: slider, and for all
INTEGRATED, DRAWN, OF_THEORY_NEAR, OF_THEORY = 0.004, 0.014, 1.0, 4.0
#: values whose theory is solved at once, between two looks whether somebody still waits for it
AT_ONCE = 20
#: positions without which nothing moves, and those that tell what theory costs along the slider
_FEWEST, _SAMPLE = 3, 24
#: share of the slider to either side of where it stands that a first sweep covers, as far as a hand gets before the rest is there, and
#: how fine it is
NEAR, NEARBY = 1 / 12, (7, 0, 3)


@dataclass(frozen=True)
class Kind(Generic[Theory, Found]):
    """What a sweep asks of experiments.

    uses: what is run of an experiment. predict: of experiments that differ in this field alone, what theory says. alike: of experiments
    that differ in numbers alone, what networks do. fine: as FINE. fewest: networks without which there is nothing to be seen.
    """

    uses: Callable[[Config], Config]
    predict: Callable[[Sequence[Config], str], Sequence[Theory]]
    alike: Callable[[Sequence[Config], Progress | None], list[Found]]
    fine: tuple[tuple[int, int, int], ...] = FINE
    fewest: int = 1


def _itself(config: Config) -> Config:
    return config


#: what `simulate` and `predict` say
NETWORKS: Kind[Prediction, Trace] = Kind(_itself, predict_each, simulate_alike)


@dataclass(frozen=True)
class Plan(Generic[Theory, Found]):
    """What a sweep runs: a config with each of these values of a field, and `trials` draws of the networks at the places `measured`."""

    kind: Kind[Theory, Found]
    config: Config
    field: str
    values: tuple[float, ...]
    measured: tuple[int, ...]
    trials: int

    def configs(self, places: Sequence[int]) -> list[Config]:
        """Return what is run at the values of these places."""
        return _runs(self.kind, self.config, self.field, [self.values[place] for place in places], self.trials)


@dataclass(frozen=True)
class Sweep(Generic[Theory, Found]):
    """What was found: a prediction at each of the plan's values, and what networks did at each of those that were measured."""

    plan: Plan[Theory, Found]
    predictions: tuple[Theory, ...]
    found: tuple[Found, ...]

    def at(self, place: int) -> Found:
        """Return what networks do at the value of this place: as measured, or between the two next to it that were."""
        measured = self.plan.measured
        after = int(np.searchsorted(measured, place))
        if after == len(measured) or measured[after] == place or after == 0:
            return self.found[min(after, len(measured) - 1)]
        low, high = measured[after - 1], measured[after]
        share = (place - low) / (high - low)
        (config,) = self.plan.configs([place])
        return _between(self.found[after - 1], self.found[after], share, config)


def plans(kind: Kind[Theory, Found], config: Config, field: str, values: Sequence[float], here: int) -> tuple[Plan[Theory, Found], ...]:
    """Return what can be had soon of a slider that stands at place `here` among these values; nothing where that is not even one network.

    First what is near, of as few networks as there can be, then all of it as coarsely as a sweep can be, then as much of the range as there
    is time for. Networks of one shape cover it all, or there are none; of others those beyond the last that there is time for are left out.
    """
    shared = field in SHARING
    attempts = (_plan(kind, config, field, values, here, *fine) for fine in (kind.fine if shared else FINE_OF_SHAPES))
    whole = next((plan for plan in attempts if plan is not None and (not shared or plan.values[-1] == values[-1])), None)
    reach = round(NEAR * len(values))
    if whole is None or reach < NEARBY[0]:
        return () if whole is None else (whole,)
    first = max(0, here - reach)
    near = _plan(kind, config, field, values[first : here + reach + 1], here - first, *NEARBY, OF_THEORY_NEAR)
    coarse = _plan(kind, config, field, values, here, *kind.fine[-1])
    firsts = ((near, len(whole.values) - 1), (coarse, len(whole.values) // 2))  # a coarse one pays where it is there much sooner
    parts = [replace(plan, trials=kind.fewest) for plan, most in firsts if plan is not None and len(plan.values) <= most]
    return (*parts, whole)


def _plan(
    kind: Kind[Theory, Found],
    config: Config,
    field: str,
    values: Sequence[float],
    here: int,
    positions: int,
    all_of: int,
    some: int,
    seconds: float = OF_THEORY,
) -> Plan[Theory, Found] | None:
    """Return the plan of at most so many positions, networks at all of a few of them or at some of many; None where one takes too long."""
    if config.architecture == "transformer":
        sample = spread(len(values), _SAMPLE, here)
        costs = [_theory_seconds(one) for one in along(config, field, [values[place] for place in sample])]
        positions = max(_FEWEST, min(positions, int(seconds * len(costs) / sum(costs))))
        some = min(some, positions)
    chosen = spread(len(values), positions, here)
    measured = spread(len(chosen), len(chosen) if len(chosen) <= all_of else some, chosen.index(here))
    shared = field in SHARING
    each, most = (SHARED, LONGEST) if shared else (1.0, SECONDS)
    sizes = measured[:1] if shared else measured  # numbers alone change no cost
    drawn = _runs(kind, config, field, [values[chosen[place]] for place in sizes], 1)
    cost = [each * work(one).seconds + LAYER * one.depth for one in drawn] * (len(measured) // len(sizes))
    while kind.fewest * sum(cost) > most:
        cost.pop()
    measured = measured[: len(cost)]
    if not measured or chosen[measured[-1]] < here:
        return None
    trials = max(kind.fewest, min(int(SECONDS / sum(cost)), kind.uses(config).trials))
    return Plan(kind, config, field, tuple(values[place] for place in chosen[: measured[-1] + 1]), tuple(measured), trials)


def _theory_seconds(config: Config) -> float:
    """About how long theory takes of a transformer: where a token looks at one or two others, or only back, patterns are drawn."""
    attention = next(op for op in ops_within(blocks(config)[0]) if isinstance(op, Attend))
    looks = [op.weight.value + op.bias_variance for op in (attention.query, attention.key) if isinstance(op.weight, Variance)]
    sharp = len(looks) < 2 or looks[0] * looks[1] > LARGEST_VARIANCE or config.normalization == "none"
    return config.depth * (DRAWN if sharp or config.causal else INTEGRATED)


def _runs(kind: Kind[Any, Any], config: Config, field: str, values: Sequence[float], trials: int) -> list[Config]:
    """Return what is run of a config at each of these values, in so many draws."""
    return [replace(kind.uses(one), trials=trials) for one in along(config, field, values)]


def along(config: Config, field: str, values: Sequence[Any]) -> list[Config]:
    """Return a config as it is once a slider stands at each of these values: what does not go with one of them gives way."""
    return [moved(config, field, value)[0] for value in values]


def run(plan: Plan[Theory, Found], progress: Progress | None = None) -> Sweep[Theory, Found]:
    """Return the sweep of a plan. `progress` may stop it by raising."""
    configs = plan.configs(range(len(plan.values)))
    predictions = predicted(plan.kind, configs, plan.field, progress)
    found = each(plan.kind.alike, [configs[place] for place in plan.measured], plan.field, progress)
    return Sweep(plan, tuple(predictions), tuple(found))


def predicted(kind: Kind[Theory, Any], configs: Sequence[Config], field: str, progress: Progress | None = None) -> list[Theory]:
    """Return the theory of configs that differ in this field alone. `progress` may stop it by raising."""
    predictions: list[Theory] = []
    for first in range(0, len(configs), AT_ONCE):
        predictions += kind.predict(configs[first : first + AT_ONCE], field)
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


def _between(low: Any, high: Any, share: float, config: Config) -> Any:
    """Return what lies at this share of the way from one answer to another of their kind, number by number; sizes are in logarithms.

    Where that says nothing it is what the nearer one has; in place of their configs `config`.
    """
    if isinstance(low, Config):
        return config
    if isinstance(low, float):
        return float(_mixed(low, high, share))
    if isinstance(low, np.ndarray):
        return _mixed(low, high, share)
    if isinstance(low, Mapping) and low.keys() == high.keys():
        return {name: _between(one, high[name], share, config) for name, one in low.items()}
    if is_dataclass(low) and not isinstance(low, type):
        return replace(low, **_between(_parts(low), _parts(high), share, config))
    return low if share < 0.5 else high


def _parts(answer: Any) -> dict[str, Any]:
    return {field.name: getattr(answer, field.name) for field in fields(answer)}


def _mixed(low: Any, high: Any, share: float) -> Any:
    """Return a mean of two arrays; where one is not finite, the nearer of the two."""
    with np.errstate(invalid="ignore"):
        mean = np.asarray((1 - share) * low + share * high)
    return np.where(np.isfinite(mean), mean, low if share < 0.5 else high)
