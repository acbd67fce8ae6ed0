"""Doshi et al. 2023: with the norm before the branch gradients grow like a power of depth, whatever the size of the weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from propagation.charts.curves import Scale, Series
from propagation.config import Config
from propagation.engine.network import simulate
from propagation.expressions import lookup
from propagation.formatting import number
from propagation.labs.protocol import Progress, reported
from propagation.lessons import Link
from propagation.papers.drawing import curves, depth_scale
from propagation.papers.paper import Finding, Paper
from propagation.theory.prediction import predict

#: blocks x + W φ(norm x), as in the paper
CONFIG = Config(
    architecture="residual",
    depth=200,
    width=512,
    activation="relu",
    weight_variance=4.0,
    bias_variance=0.0,
    normalization="layer",
    block_order="pre_activation",
    branch_layers=1,
    inputs=8,
    trials=4,
)
ACTIVATIONS = ("relu", "tanh")
WEIGHT_VARIANCES = (0.5, 4.0)
#: block from which the power is read off: the first ones depend on the input too
_FROM = 40


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return E[(∂C/∂x)²] against the block, that of the last block = 1, a Series for each activation and σ_w², as the evidence."""
    series, zeta = [], {}
    for activation, variance in reported([(act, variance) for act in ACTIVATIONS for variance in WEIGHT_VARIANCES], progress):
        own = replace(config, activation=activation, weight_variance=variance)
        measured, expected = simulate(own).stream_gradient.median(), np.asarray(predict(own).stream_gradient.log10_second_moment)
        blocks = np.arange(1, own.depth + 1)
        shown = np.unique(np.geomspace(1, own.depth, 20).round().astype(int))
        label = f"{lookup(activation).label}, σ_w² {number(variance)}"
        series.append(Series(label, shown, 10 ** (measured - measured[-1])[shown - 1], blocks, 10 ** (expected - expected[-1])))
        zeta[activation, variance] = exponent(measured)
    return Finding(
        {
            "relu": zeta["relu", 4.0],
            "tanh": zeta["tanh", 4.0],
            "relu_small": zeta["relu", 0.5],
            "tanh_small": zeta["tanh", 0.5],
        },
        tuple(series),
    )


def exponent(log10_sizes: np.ndarray) -> float:
    """Return ζ of E[(∂C/∂x^l)²] ∝ l^(−ζ), by least squares."""
    blocks = np.arange(_FROM, len(log10_sizes) + 1)
    return float(-np.polyfit(np.log10(blocks), log10_sizes[_FROM - 1 :], 1)[0])


def _words(finding: Finding) -> str:
    relu, tanh = (number(finding.numbers[name]) for name in ("relu", "tanh"))
    return f"Gradients fall like block to the power −{relu} for ReLU and −{tanh} for tanh, at every weight variance."


PAPER = Paper(
    "doshi",
    CONFIG,
    measure,
    curves("doshi", depth_scale(200), Scale("E[(∂C/∂x)²], last block = 1", 0.1, 10000, True), _words),
    Link("Open in Explore", "explore", replace(CONFIG, width=256).to_query()),
)
