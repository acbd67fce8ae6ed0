"""Evidence: what a lesson shows of a network, and the one number that decides whether a guess about it was right.

A measure gives two answers that know nothing of each other: that of the networks drawn, and that of theory. Where a size is measured, the
answer is a decimal logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from propagation.activations import FLAT
from propagation.config import Config
from propagation.engine.network import simulate
from propagation.engine.trace import Trace
from propagation.expressions import lookup
from propagation.labs.distributions import DISTRIBUTIONS, Distributions
from propagation.labs.protocol import Lab, Progress
from propagation.labs.variance_decomposition import VARIANCE_DECOMPOSITION
from propagation.signals import FORWARD, PLAIN, SIGNALS
from propagation.theory.prediction import Prediction, predict
from propagation.theory.variance_decomposition import PARTS, WHOSE, Scatter, predict_scatters
from propagation.trials import over_trials

#: 1 − cosine below this is rounding
_LEAST_APART = 1e-13

Array = np.ndarray


class Scatters(NamedTuple):
    """Return the scatter of z as measured, and as theory expects it."""

    measured: Scatter
    expected: Scatter


@dataclass(frozen=True)
class Evidence:
    """One network seen in one of the charts of EVIDENCE: `config` as it was run, theory's prediction, and what that chart shows.

    "sizes" and "tokens" show a `trace`, "cosines" and "parts" a `scatter` and the one `expected`, "histogram" its `histograms`; each has
    no other.
    """

    config: Config
    prediction: Prediction
    shown: Trace | Scatters | Distributions

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


@dataclass(frozen=True)
class Answer:
    """The answer of the networks drawn, and theory's."""

    measured: float
    theory: float


@dataclass(frozen=True)
class Measure:
    """A number that can be asked for: in which charts, of which signals (none: of no signal), in which `unit`, and how it is found.

    `unit` is "size" for logarithms of sizes, "share" or "ratio".
    """

    charts: tuple[str, ...]
    signals: tuple[str, ...]
    unit: str
    of: Callable[[Sequence[Evidence], str], Answer]


def _everything(config: Config) -> Config:
    """Return the config itself."""
    return config


def _sizes(config: Config, progress: Progress | None = None) -> Evidence:
    return Evidence(config, predict(config), simulate(config, progress))


def _histograms(config: Config, progress: Progress | None = None) -> Evidence:
    return Evidence(config, predict(config), DISTRIBUTIONS.measure(config, progress))


def _scatters(config: Config, progress: Progress | None = None) -> Evidence:
    return Evidence(config, predict(config), Scatters(VARIANCE_DECOMPOSITION.measure(config, progress)["z"], predict_scatters(config)["z"]))


_SIZES = Lab("evidence: sizes", _everything, _sizes)
_SCATTERED = Lab("evidence: scatter", VARIANCE_DECOMPOSITION.uses, _scatters)
#: what measures a network for a chart, by the charts there are
EVIDENCE = {
    "sizes": _SIZES,
    "tokens": _SIZES,
    "cosines": _SCATTERED,
    "parts": _SCATTERED,
    "histogram": Lab("evidence: histogram", DISTRIBUTIONS.uses, _histograms),
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


def _change(seen: Sequence[Evidence], signal: str) -> Answer:
    """Return the change from where the signal sets out to where it arrives, in the first network."""
    (start, start_theory), (end, end_theory) = origins(seen[0], signal), arrivals(seen[0], signal)
    return Answer(end - start, end_theory - start_theory)


def _narrowing(seen: Sequence[Evidence], signal: str) -> Answer:
    """Return the change of a second moment over the layers that have a histogram, in the signal's own direction."""
    first, last = (0, -1) if signal in FORWARD else (-1, 0)
    histograms, theory = seen[0].histograms.histograms[signal], predicted_sizes(seen[0], signal)
    return Answer(2 * (histograms[last].log10_rms - histograms[first].log10_rms), float(theory[last] - theory[first]))


def _gap(seen: Sequence[Evidence], signal: str) -> Answer:
    """Compare the first network with the last one, where the signal arrives."""
    (own, own_theory), (other, other_theory) = arrivals(seen[0], signal), arrivals(seen[-1], signal)
    return Answer(own - other, own_theory - other_theory)


def _apart(seen: Sequence[Evidence], _: str) -> Answer:
    """Return 1 − cosine of two inputs in the last layer of the first network."""
    return Answer(*(float(log10_apart(scatter.cosine)[-1]) for scatter in (seen[0].scatter, seen[0].expected)))


def _tokens_apart(seen: Sequence[Evidence], _: str) -> Answer:
    """Return 1 − cosine of two tokens after the last block of the first network."""
    return Answer(*(float(apart[-1]) for apart in tokens_apart(seen[0])))


def _inputs_share(seen: Sequence[Evidence], _: str) -> Answer:
    """Return what differs between inputs, as a share of E[z²] in the last layer."""
    part = PARTS.index("inputs")
    return Answer(*(float(scatter.parts[part, -1]) for scatter in (seen[0].scatter, seen[0].expected)))


def _neurons_over_draws(seen: Sequence[Evidence], _: str) -> Answer:
    """Return the variance over neurons divided by that over weight draws, in the last layer."""
    neurons, draws = WHOSE.index("neurons"), WHOSE.index("draws")
    return Answer(*(float(s.variances[neurons, -1] / s.variances[draws, -1]) for s in (seen[0].scatter, seen[0].expected)))


def _flat(seen: Sequence[Evidence], _: str) -> Answer:
    """Return the share of neurons of the last layer that stand where the activation is flat."""
    return Answer(float(seen[0].histograms.saturated[-1]), flat_share(seen[0].config, seen[0].prediction))


MEASURES: dict[str, Measure] = {
    "change": Measure(("sizes",), tuple(SIGNALS), "size", _change),
    "gap": Measure(("sizes",), tuple(SIGNALS), "size", _gap),
    "narrowing": Measure(("histogram",), PLAIN, "size", _narrowing),
    "apart": Measure(("cosines",), (), "size", _apart),
    "tokens_apart": Measure(("tokens",), (), "size", _tokens_apart),
    "inputs_share": Measure(("parts",), (), "share", _inputs_share),
    "neurons_over_draws": Measure(("parts",), (), "ratio", _neurons_over_draws),
    "flat": Measure(("histogram",), (), "share", _flat),
}


def per_layer(evidence: Evidence, signal: str) -> float:
    """Return the factor by which one layer changes a second moment, in the signal's own direction: the geometric mean over layers 1 … L."""
    sizes = median_sizes(evidence, signal)
    change = sizes[-1] - sizes[0] if signal in FORWARD else sizes[0] - sizes[-1]
    return 10 ** (float(change) / (len(sizes) - 1)) if len(sizes) > 1 else math.nan
