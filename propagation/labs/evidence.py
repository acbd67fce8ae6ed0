"""Evidence: what a lesson shows of a network, by the chart it is shown in: sizes, scatter, histograms, or how it learns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from propagation.activations import FLAT
from propagation.assets import asset
from propagation.config import Config
from propagation.engine.network import simulate
from propagation.engine.trace import Trace
from propagation.expressions import lookup
from propagation.labs import training
from propagation.labs.distributions import DISTRIBUTIONS, Distributions
from propagation.labs.protocol import Lab, Progress
from propagation.labs.trainability import TrainabilityMap, from_json
from propagation.labs.training import Recipe, Snapshot
from propagation.labs.variance_decomposition import VARIANCE_DECOMPOSITION
from propagation.signals import FORWARD
from propagation.theory.prediction import Prediction, predict
from propagation.theory.variance_decomposition import Scatter, predict_scatters
from propagation.trials import over_trials

#: 1 − cosine below this is rounding
_LEAST_APART = 1e-13

#: how the networks of a lesson are trained, and the steps between two looks at them
TRAINING, EVERY = Recipe(learning_rate=0.003, momentum=0.9, steps=300, batch=32), 10

Array = np.ndarray


class Scatters(NamedTuple):
    """Return the scatter of z as measured, and as theory expects it."""

    measured: Scatter
    expected: Scatter


@dataclass(frozen=True)
class Evidence:
    """One network seen in one of the charts of EVIDENCE: `config` as it was run, theory's prediction, and what that chart shows.

    "sizes", "strength" and "tokens" show a `trace`, "cosines", "variances" and "parts" a `scatter` and the one `expected`, "histogram" its
    `histograms`, "training" its `snapshots`, "map" a `trainability` map with the network's place in it; each has no other.
    """

    config: Config
    prediction: Prediction
    shown: Trace | Scatters | Distributions | tuple[Snapshot, ...] | TrainabilityMap

    @property
    def trace(self) -> Trace:
        """Return what was measured in every layer."""
        assert isinstance(self.shown, Trace)
        return self.shown

    @property
    def scatter(self) -> Scatter:
        """Return the scatter of z as measured."""
        assert isinstance(self.shown, Scatters)
        return self.shown.measured

    @property
    def expected(self) -> Scatter:
        """Return the scatter of z that theory expects."""
        assert isinstance(self.shown, Scatters)
        return self.shown.expected

    @property
    def histograms(self) -> Distributions:
        """Return the histograms of all signals."""
        assert isinstance(self.shown, Distributions)
        return self.shown

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """Return how far the network was, from time to time, while it was trained by TRAINING."""
        assert isinstance(self.shown, tuple) and not isinstance(self.shown, Scatters)
        return self.shown

    @property
    def trainability(self) -> TrainabilityMap:
        """Return the map of networks trained beforehand."""
        assert isinstance(self.shown, TrainabilityMap)
        return self.shown


def _everything(config: Config) -> Config:
    """Return the config itself."""
    return config


def _sizes(config: Config, progress: Progress | None = None) -> Evidence:
    return Evidence(config, predict(config), simulate(config, progress))


def _histograms(config: Config, progress: Progress | None = None) -> Evidence:
    return Evidence(config, predict(config), DISTRIBUTIONS.measure(config, progress))


def _scatters(config: Config, progress: Progress | None = None) -> Evidence:
    return Evidence(config, predict(config), Scatters(VARIANCE_DECOMPOSITION.measure(config, progress)["z"], predict_scatters(config)["z"]))


def learning(configs: Sequence[Config]) -> Iterator[tuple[Evidence, ...]]:
    """Yield all these networks while they are trained, in step with each other, each time with one more look at them.

    One that diverged stays behind. Equal configs give equal results, alone or beside others.
    """
    trainings = [training.train(config, TRAINING, EVERY) for config in configs]
    predictions = [predict(config) for config in configs]
    seen: list[tuple[Snapshot, ...]] = [() for _ in configs]
    while any(latest := [next(one, None) for one in trainings]):
        seen = [looks if look is None else (*looks, look) for looks, look in zip(seen, latest, strict=True)]
        yield tuple(Evidence(*parts) for parts in zip(configs, predictions, seen, strict=True))


def _trained(config: Config, progress: Progress | None = None) -> Evidence:
    for (evidence,) in learning([config]):
        if progress:
            progress(evidence.snapshots[-1].step / TRAINING.steps)
    return evidence


def _mapped(config: Config, progress: Progress | None = None) -> Evidence:
    evidence = Evidence(config, predict(config), from_json(asset("trainability.json").read_text(encoding="utf-8")))
    if progress:
        progress(1.0)
    return evidence


_SIZES = Lab("evidence: sizes", _everything, _sizes)
_SCATTERED = Lab("evidence: scatter", VARIANCE_DECOMPOSITION.uses, _scatters)
#: what measures a network for a chart, by the charts there are
EVIDENCE = {
    "sizes": _SIZES,
    "strength": _SIZES,
    "tokens": _SIZES,
    "cosines": _SCATTERED,
    "variances": _SCATTERED,
    "parts": _SCATTERED,
    "histogram": Lab("evidence: histogram", DISTRIBUTIONS.uses, _histograms),
    "training": Lab(f"evidence: training by {TRAINING}", training.uses, _trained),
    "map": Lab("evidence: map", _everything, _mapped),
}


def median_sizes(evidence: Evidence, signal: str) -> Array:
    """Return log₁₀ of a signal's second moment, median over the networks drawn, (depth,); −inf where it is gone."""
    return evidence.trace.signal(signal).median()


def predicted_sizes(evidence: Evidence, signal: str) -> Array:
    """Return the same as theory has it, (depth,)."""
    return np.asarray(evidence.prediction.signal(signal).log10_second_moment)


def origins(evidence: Evidence, signal: str) -> tuple[float, float]:
    """Return log₁₀ of the size from which a signal sets out, measured and predicted: the input's, or the last layer's for gradients."""
    if signal in FORWARD:
        return evidence.trace.input_log10_second_moment, evidence.prediction.input_log10_second_moment
    return float(median_sizes(evidence, signal)[-1]), float(predicted_sizes(evidence, signal)[-1])


def arrivals(evidence: Evidence, signal: str) -> tuple[float, float]:
    """Return log₁₀ of the size with which a signal arrives, measured and predicted: in the last layer, or in the first for gradients."""
    end = -1 if signal in FORWARD else 0
    return float(median_sizes(evidence, signal)[end]), float(predicted_sizes(evidence, signal)[end])


def log10_apart(cosine: Array) -> Array:
    """Return log₁₀ of 1 − cosine, −inf where that is rounding."""
    return _log10(1 - cosine)


def _log10(apart: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(apart > _LEAST_APART, np.log10(apart), -np.inf)


def tokens_apart(evidence: Evidence) -> tuple[Array, Array]:
    """Return log₁₀ of 1 − c of two tokens after every block, (depth,): the median of the networks drawn, and theory's; −inf as above."""
    measured, expected = evidence.trace.token_separation, evidence.prediction.token_separation
    assert measured is not None and expected is not None
    return _log10(over_trials(measured).median), _log10(expected)


def flat_share(config: Config, prediction: Prediction) -> float:
    """Return the share of slopes |φ′(b + √q x)| below FLAT of the steepest in the last layer, for x ~ N(0, 1), to about 10⁻³."""
    phi = lookup(config.activation)
    x = np.linspace(-8, 8, 16_001)
    density = np.exp(-0.5 * x**2)
    _, slopes = phi.evaluate(prediction.z.mean[-1] + 10 ** (0.5 * float(prediction.z.log10_variance[-1])) * x)
    return float(density[np.abs(slopes) < FLAT * phi.steepest].sum() / density.sum())


def per_layer(evidence: Evidence, signal: str) -> float:
    """Return the factor by which one layer changes a second moment, in the signal's own direction: the geometric mean over layers 1 … L."""
    sizes = median_sizes(evidence, signal)
    change = sizes[-1] - sizes[0] if signal in FORWARD else sizes[0] - sizes[-1]
    return 10 ** (float(change) / (len(sizes) - 1)) if len(sizes) > 1 else math.nan
