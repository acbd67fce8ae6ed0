"""Hayou et al. 2021: how much a residual stream grows, by depth: as a power of 2, or by less than e where branches are scaled by 1/√L."""

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

#: blocks x + α W φ(x) with He's weights, as in the paper
CONFIG = Config(
    architecture="residual",
    depth=50,
    width=512,
    activation="relu",
    scheme="he",
    bias_variance=0.0,
    block_order="pre_activation",
    branch_layers=1,
    inputs=8,
    trials=4,
)
RULES = {"α = 1": "custom", "α = 1/√L": "sqrt", "α = 1/L": "inverse"}
DEPTHS = (1, 2, 5, 10, 20, 50, 100)
#: growth up to which dots are drawn: beyond, the chart would show nothing but the unscaled network
_HIGHEST = 1e4
#: so many blocks that all that is left to grow is less than anybody sees
_DEEPEST = 1000


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return E[x²] after the last block in units of the input's against depth, a Series for each rule, as the evidence."""
    series, grown, backward = [], {}, {}
    for label, rule in reported(list(RULES.items()), progress):
        measured, expected = [], []
        for depth in DEPTHS:
            own = replace(config, depth=depth, branch_rule=rule)
            trace = simulate(own)
            measured.append(10 ** float(trace.stream.median()[-1] - trace.input_log10_second_moment))
            expected.append(theory_growth(own))
            grown[rule, depth] = measured[-1]
            gradient = trace.stream_gradient.median()
            backward[rule, depth] = 10 ** float(gradient[0] - gradient[-1])
        shown = sum(growth < _HIGHEST for growth in measured)
        series.append(Series(label, DEPTHS[:shown], measured[:shown], DEPTHS, expected))
    return Finding(
        {
            "unscaled": grown["custom", 50] ** (1 / 50),
            "scaled_50": grown["sqrt", 50],
            "scaled_100": grown["sqrt", 100],
            "gradient": backward["sqrt", 100],
            "limit": theory_growth(replace(config, depth=_DEEPEST, branch_rule="sqrt")),
        },
        tuple(series),
    )


def theory_growth(config: Config) -> float:
    """Return E[x²] after the last block over that of the input, as theory has it."""
    theory = predict(config)
    return 10 ** float(np.asarray(theory.stream.log10_second_moment)[-1] - theory.input_log10_second_moment)


def _words(finding: Finding) -> str:
    unscaled, scaled = (number(finding.numbers[name]) for name in ("unscaled", "scaled_100"))
    return f"Unscaled, the stream grows {unscaled} times in every block; with 1/√L it grows {scaled} times over 100 blocks together."


PAPER = Paper(
    "hayou",
    CONFIG,
    measure,
    curves("hayou", depth_scale(100, title="blocks L"), Scale("E[x²] after L blocks, input = 1", 0.1, _HIGHEST, True), _words),
    Link("Open in Explore", "explore", replace(CONFIG, branch_rule="sqrt", width=256).to_query()),
)
