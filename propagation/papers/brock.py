"""Brock et al. 2021: the size of the stream in a network without norms: a sawtooth that is known beforehand."""

from __future__ import annotations

import math
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

#: x + α f(x/β) with α = 0.2, f of variance 1, as in their networks
CONFIG = Config(
    architecture="residual",
    depth=6,
    width=1024,
    activation="relu",
    weight_variance=2**0.5,
    bias_variance=0.0,
    normalization="rms",
    branch_scale=0.2,
    inputs=32,
    trials=4,
)
#: blocks of each stage, those of a ResNet-50
STAGES = (3, 4, 6, 3)


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return E[x²] after every block, in units of what enters the stage, as the evidence: one Series, broken between stages."""
    x: list[float] = []
    measured: list[float] = []
    expected: list[float] = []
    for depth in reported(STAGES, progress):
        own = replace(config, depth=depth, seed=(config.seed + len(x)) % 2**31)
        trace, theory = simulate(own), predict(own)
        x += range(len(measured) + 1, len(measured) + depth + 1)
        measured += (10 ** (trace.stream.median() - trace.input_log10_second_moment)).tolist()
        expected += (10 ** (np.asarray(theory.stream.log10_second_moment) - theory.input_log10_second_moment)).tolist()
    ends = np.cumsum(STAGES)[:-1]
    line_x, line_y = (np.insert(np.array(values, dtype=float), ends, math.nan) for values in (x, expected))
    numbers = {f"block_{block}": measured[block - 1] for block in (1, 2, 3)} | {"transition": measured[STAGES[0]]}
    return Finding(numbers, (Series("stream", x, measured, line_x, line_y),))


def _words(finding: Finding) -> str:
    each = ", ".join(number(finding.numbers[f"block_{block}"]) for block in (1, 2, 3))
    return f"The variance of the stream after blocks 1 to 3 is {each}; after the transition it is {number(finding.numbers['transition'])}."


PAPER = Paper(
    "brock",
    CONFIG,
    measure,
    curves("brock", Scale("block", 0.5, 16.5, marks=(1, 4, 8, 12, 16)), Scale("variance of the stream", 0.95, 1.3), _words),
    Link("Open in Explore", "explore", replace(CONFIG, depth=16, width=256).to_query()),
)
