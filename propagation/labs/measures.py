"""Measures: the one number of a lesson's networks that decides whether a guess about them was right.

A measure gives two answers that know nothing of each other: that of the networks drawn, and that of theory. Where a size is measured, the
answer is a decimal logarithm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from propagation.labs.evidence import Evidence, arrivals, flat_share, log10_apart, origins, predicted_sizes, tokens_apart
from propagation.labs.race import LOOKS
from propagation.labs.trainability import deepest, reach
from propagation.labs.training import CHANCE
from propagation.signals import FORWARD, PLAIN, SIGNALS
from propagation.theory.variance_decomposition import PARTS, WHOSE


@dataclass(frozen=True)
class Answer:
    """The answer of the networks drawn, and theory's."""

    measured: float
    theory: float


@dataclass(frozen=True)
class Measure:
    """A number that can be asked for: in which charts, of which signals (none: of no signal), in which `unit`, and how it is found.

    `unit` is "size" for logarithms of sizes, "strength" for those of their roots, "share", "digits" (a share of few), "ratio" or
    "layers".
    """

    charts: tuple[str, ...]
    signals: tuple[str, ...]
    unit: str
    of: Callable[[Sequence[Evidence], str], Answer]


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


def _weaker(seen: Sequence[Evidence], _: str) -> Answer:
    """Return by how much the signal of the first network is stronger than that of the last one, in the last layer: log₁₀ of a ratio."""
    gap = _gap(seen, "z")
    return Answer(0.5 * gap.measured, 0.5 * gap.theory)


def _read(seen: Sequence[Evidence], _: str) -> Answer:
    """Return the share of held-out digits that the last network reads once it is trained, and that of guessing."""
    looks = [snapshot.accuracy for snapshot in seen[-1].snapshots[-LOOKS:]]
    return Answer(float(np.median(looks)), CHANCE)


def _deepest(seen: Sequence[Evidence], _: str) -> Answer:
    """Return up to which depth all networks of the map with the first one's σ_w² learned, and how far a signal goes."""
    found = seen[0].trainability
    column = int(np.argmin(np.abs(np.array(found.grid.weight_variances) - seen[0].config.weight_variance)))
    limit = reach(found.grid.base, np.array([found.grid.weight_variances[column]]))
    return Answer(float(deepest(found)[column]), float(limit[0]))


MEASURES: dict[str, Measure] = {
    "change": Measure(("sizes",), tuple(SIGNALS), "size", _change),
    "weaker": Measure(("strength",), (), "strength", _weaker),
    "gap": Measure(("sizes",), tuple(SIGNALS), "size", _gap),
    "narrowing": Measure(("histogram",), PLAIN, "size", _narrowing),
    "apart": Measure(("cosines",), (), "size", _apart),
    "tokens_apart": Measure(("tokens",), (), "size", _tokens_apart),
    "inputs_share": Measure(("parts",), (), "share", _inputs_share),
    "neurons_over_draws": Measure(("variances",), (), "ratio", _neurons_over_draws),
    "read": Measure(("training",), (), "digits", _read),
    "deepest": Measure(("map",), (), "layers", _deepest),
    "flat": Measure(("histogram",), (), "share", _flat),
}
