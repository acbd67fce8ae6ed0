"""Yang & Schoenholz 2017: skips turn the exponential growth of gradients into exp(√depth) for tanh, and not for ReLU."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from propagation.charts.curves import Scale, Series
from propagation.charts.marks import thinned
from propagation.config import Config
from propagation.engine.network import simulate
from propagation.formatting import number
from propagation.labs.protocol import Progress, reported
from propagation.lessons import Link
from propagation.papers.drawing import curves, depth_scale
from propagation.papers.paper import Finding, Paper
from propagation.theory.prediction import predict

CONFIG = Config(
    architecture="residual", depth=1000, width=256, activation="tanh", weight_variance=1.0, bias_variance=0.0, inputs=4, trials=2
)
ACTIVATIONS = {"tanh": "tanh", "ReLU": "relu"}
#: blocks between which the powers of depth are read off: the law is one of many blocks
_FROM, _TO = 200, 1000
_LN_10 = math.log(10)

Array = np.ndarray


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return ln of the growth of E[(∂C/∂x)²] over the first blocks, a Series for each activation, as the evidence."""
    series, numbers = [], {}
    for label, activation in reported(list(ACTIVATIONS.items()), progress):
        own = replace(config, activation=activation)
        trace, theory = simulate(own), predict(own)
        measured, expected = (_growth(of) for of in (trace.stream_gradient.median(), theory.stream_gradient.log10_second_moment))
        blocks = np.arange(1, own.depth)
        shown = np.unique(np.geomspace(1, len(blocks), 25).round().astype(int))
        drawn = thinned(len(blocks), 200)
        series.append(Series(label, shown, measured[shown - 1], blocks[drawn - 1], expected[drawn - 1]))
        numbers[f"{activation}_power"] = _power(measured)
        if activation == "tanh":
            stream = trace.stream.median()
            numbers["stream_power"] = float(stream[_TO - 1] - stream[_FROM - 1]) / math.log10(_TO / _FROM)
    return Finding(numbers, tuple(series))


def _growth(log10_sizes: Array) -> Array:
    """Return ln of how many times as large a gradient is behind the first k blocks, at k = 1, 2, …, (depth − 1,)."""
    return (log10_sizes[0] - log10_sizes[1:]) * _LN_10


def _power(growth: Array) -> float:
    """Return p of growth ∝ k^p."""
    return math.log(growth[_TO - 2] / growth[_FROM - 2]) / math.log((_TO - 1) / (_FROM - 1))


def _words(finding: Finding) -> str:
    tanh, relu = (number(finding.numbers[f"{name}_power"]) for name in ACTIVATIONS.values())
    return f"The logarithm of the gradients' growth goes like depth to the power {tanh} for tanh, {relu} for ReLU."


PAPER = Paper(
    "yang2017",
    CONFIG,
    measure,
    curves("yang2017", depth_scale(1000, title="blocks passed"), Scale("ln of the gradients' growth", 0.1, 1000, True), _words),
    Link("Open in Explore", "explore", replace(CONFIG, depth=100).to_query()),
)
