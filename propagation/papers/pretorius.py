"""Pretorius et al. 2018: dropout needs smaller weights, σ_w² = 2p for ReLU, and even then two inputs never become one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from propagation.charts.curves import Scale, Series, curves_chart
from propagation.config import Config
from propagation.engine.network import simulate
from propagation.formatting import number
from propagation.labs.protocol import Progress, reported
from propagation.lessons import Link
from propagation.papers.correlations import correlations_with_first, inputs_of, orthogonal_directions, products
from propagation.papers.paper import Drawn, Finding, Paper
from propagation.theory.maps import correlation_map
from propagation.theory.prediction import predict

CONFIG = Config(depth=40, width=2048, activation="relu", weight_variance=1.6, bias_variance=0.0, keep=0.8, inputs=8, trials=4)
#: shares kept for which networks are drawn, and the correlations from which their inputs set out
KEPT = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
CORRELATIONS = np.array([0.0, 0.5, 0.9])
#: of each network this many of the last layers are taken together: two inputs have settled there
_SETTLED = 20
_CURVE = np.linspace(0.45, 0.999, 111)


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return (correlations against the share kept, sizes against the layer), each a tuple of Series, as the evidence."""
    settled = []
    for keep in reported(KEPT, progress):
        own = replace(config, keep=keep, weight_variance=2 * keep, trials=1)
        x = inputs_of(orthogonal_directions(own, 1 + len(CORRELATIONS)), 1.0, CORRELATIONS)
        settled.append(float(correlations_with_first(products(own, x))[-_SETTLED:].mean()))
    sizes = {}
    for label, variance in (("σ_w² = 2p", 2 * config.keep), ("σ_w² = 2 (He)", 2.0)):
        own = replace(config, weight_variance=variance)
        layers = np.arange(1, own.depth + 1)
        measured, expected = simulate(own).z.median(), np.asarray(predict(own).z.log10_second_moment)
        sizes[label] = Series(label, layers, 10 ** (measured - measured[0]), layers, 10 ** (expected - expected[0]))
    level, he = ((of.y[-1] / of.y[0]) ** (1 / (config.depth - 1)) for of in sizes.values())
    correlations = Series("σ_w² = 2p", KEPT, settled, _CURVE, [settled_correlation(keep) for keep in _CURVE])
    return Finding(
        {"level": float(level), "he": float(he), "c_80": settled[KEPT.index(0.8)], "c_50": settled[KEPT.index(0.5)]},
        ((correlations,), tuple(sizes.values())),
    )


def settled_correlation(keep: float) -> float:
    """Return c* = p J(c*), J the correlation map of ReLU: where two inputs of any correlation end up, as theory has it."""
    c = 1.0
    for _ in range(100_000):
        after = keep * float(correlation_map(c, 1.0, "relu", 2.0, 0.0))
        if abs(after - c) < 1e-12:
            break
        c = after
    return c


def draw(finding: Finding, appearance: str) -> list[Drawn]:
    """Draw the correlations that inputs settle at, and the sizes under two rules."""
    correlations, sizes = finding.evidence
    across = Scale("share p that dropout keeps", 0.45, 1.0, marks=(0.5, 0.6, 0.7, 0.8, 0.9, 1.0))
    layers = Scale("layer", 0, CONFIG.depth + 1, marks=(1, 10, 20, 30, 40))
    c = ", ".join(f"{number(y)} at p = {number(x)}" for x, y in zip(correlations[0].x, correlations[0].y, strict=True))
    level, he = (number(finding.numbers[name]) for name in ("level", "he"))
    return [
        Drawn(
            "dropout_c",
            curves_chart(correlations, across, Scale("correlation two inputs end at", 0, 1), appearance=appearance),
            f"Two inputs settle at a correlation of {c}.",
        ),
        Drawn(
            "dropout_q",
            curves_chart(sizes, layers, Scale("E[z²], layer 1 = 1", 0.1, 1e5, True), appearance=appearance),
            f"With p = 0.8 a layer multiplies E[z²] by {level} where σ_w² = 2p, and by {he} with He's 2.",
        ),
    ]


PAPER = Paper("pretorius", CONFIG, measure, draw, Link("Open in Explore", "explore", replace(CONFIG, width=256).to_query()))
