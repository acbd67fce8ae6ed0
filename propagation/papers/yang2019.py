"""Yang et al. 2019: batch norm multiplies gradients by more than 1 in every layer, whatever the weights, and how much by the batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from propagation.charts.curves import Scale, Series
from propagation.config import Config
from propagation.engine.network import simulate
from propagation.formatting import number
from propagation.labs.protocol import Progress, reported
from propagation.lessons import Link
from propagation.papers.drawing import curves
from propagation.papers.paper import Finding, Paper
from propagation.theory.prediction import predict

CONFIG = Config(
    depth=30, width=512, activation="relu", scheme="he", bias_variance=0.0, normalization="batch", norm_position="pre", inputs=64, trials=4
)
ACTIVATIONS = {"ReLU": "relu", "linear": "linear"}
BATCHES = (8, 16, 32, 64)
DRAWN = (4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
#: a batch so large that it may as well be infinite
_LARGE = 1024
#: layers between which a factor is taken: the others are too near to an end
_FIRST, _LAST = 5, 25


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return the factor of E[δ²] a layer against the size of the batch, a Series for each activation, as the evidence."""
    series: list[Series] = []
    found: dict[tuple[str, int], float] = {}
    for label, activation in reported(list(ACTIVATIONS.items()), progress):
        of = replace(config, activation=activation)
        measured = [factor_of(simulate(replace(of, inputs=batch)).delta.median()) for batch in BATCHES]
        found |= {(activation, batch): value for batch, value in zip(BATCHES, measured, strict=True)}
        series.append(Series(label, BATCHES, measured, DRAWN, [theory_factor(replace(of, inputs=batch)) for batch in DRAWN]))
    louder = factor_of(simulate(replace(config, scheme="custom", weight_variance=8.0)).delta.median())
    return Finding(
        {
            "relu": found["relu", 64],
            "limit": theory_factor(replace(config, inputs=_LARGE)),
            "linear": found["linear", 8],
            "tuned": louder / found["relu", 64],
        },
        tuple(series),
    )


def factor_of(log10_sizes: np.ndarray) -> float:
    """Return what one layer multiplies E[δ²] by on its way back: the geometric mean over inner layers."""
    return 10 ** (float(log10_sizes[_FIRST - 1] - log10_sizes[_LAST - 1]) / (_LAST - _FIRST))


def theory_factor(config: Config) -> float:
    """Return the same as theory has it."""
    return factor_of(np.asarray(predict(config).delta.log10_second_moment))


def _words(finding: Finding) -> str:
    relu, linear = (number(finding.numbers[name]) for name in ("relu", "linear"))
    return f"Factors of gradients a layer: {relu} for ReLU and batches of 64, {linear} for linear layers and batches of 8."


PAPER = Paper(
    "yang2019",
    CONFIG,
    measure,
    curves(
        "yang2019",
        Scale("inputs in a batch", 3.7, 275, True, (4, 8, 16, 32, 64, 128, 256)),
        Scale("gradients × a layer", 0.9, 3.2),
        _words,
    ),
    Link("Open in Explore", "explore", replace(CONFIG, inputs=32, width=256).to_query()),
)
