"""Xiong et al. 2020: how the weight gradients of the last block depend on depth, with the norm before the branch and after the sum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from propagation.charts.curves import Scale, Series
from propagation.config import Config
from propagation.engine.network import simulate
from propagation.formatting import number
from propagation.labs.protocol import Progress, reported
from propagation.lessons import Link
from propagation.papers.drawing import curves, depth_scale
from propagation.papers.paper import Finding, Paper
from propagation.theory.prediction import predict

#: the MLP half of a transformer's block, with Xavier's weights
CONFIG = Config(
    architecture="residual",
    depth=48,
    width=512,
    activation="relu",
    scheme="glorot",
    bias_variance=0.0,
    normalization="layer",
    inputs=8,
    trials=4,
)
POSITIONS = {"pre-norm": "pre", "post-norm": "post"}
DEPTHS = (6, 12, 24, 48, 96, 192)
#: of which those from this place on are so deep that the powers can be read off
_DEEP = 2


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return the root mean square of ∂C/∂W₂ in the last block against depth, a Series for each place of the norm, as the evidence."""
    series, numbers = [], {}
    for label, position in reported(list(POSITIONS.items()), progress):
        measured, expected = [], []
        for depth in DEPTHS:
            own = replace(config, depth=depth, norm_position=position)
            trace, theory = simulate(own), predict(own)
            measured.append(10 ** (float(trace.weights["W2"].median()[-1]) / 2))
            expected.append(10 ** (float(theory.weights["W2"].log10_second_moment[-1]) / 2))
            if (position, depth) == ("pre", 48):
                numbers["stream"] = 10 ** float(trace.stream.median()[-1] - trace.input_log10_second_moment)
        series.append(Series(label, DEPTHS, measured, DEPTHS, expected))
        numbers[position] = float(np.polyfit(np.log(DEPTHS[_DEEP:]), np.log(measured[_DEEP:]), 1)[0])
    return Finding(numbers, tuple(series))


def _words(finding: Finding) -> str:
    pre, post = (number(finding.numbers[name]) for name in ("pre", "post"))
    return f"The last block's weight gradients go like depth to the power {pre} with pre-norm and {post} with post-norm."


PAPER = Paper(
    "xiong",
    CONFIG,
    measure,
    curves("xiong", depth_scale(192, title="blocks L", shallowest=6), Scale("∂C/∂W₂ in block L, root mean square", 0.01, 10, True), _words),
    Link("Open in Explore", "explore", replace(CONFIG, width=256).to_query()),
)
