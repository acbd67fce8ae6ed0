"""Dong et al. 2021: what one layer of attention leaves of what tells tokens apart, without a skip and with one."""

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
    architecture="transformer",
    sublayers="attention",
    skip_scale=0.0,
    normalization="layer",
    depth=1,
    width=256,
    heads=16,
    tokens=16,
    inputs=4,
    trials=4,
    weight_variance=1.0,
    bias_variance=0.0,
)
SKIPS = {"attention alone": 0.0, "attention and skip": 1.0}
#: 1 − c of the tokens before the layer, and how many of the last, nearly alike, powers are read off from
APART, _SMALL = (0.9, 0.3, 0.1, 0.03, 0.01, 0.003), 4
#: layers of attention alone after which nothing is left, as theory has it
_LAYERS = 4


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return 1 − c of two tokens after a layer against that before it, a Series without and with a skip, as the evidence."""
    series, numbers = [], {}
    for label, skip in reported(list(SKIPS.items()), progress):
        measured, expected = [], []
        for apart in APART:
            own = replace(config, skip_scale=skip, token_correlation=1 - apart)
            measured.append(separation_after(own))
            expected.append(float(_tokens(predict(own).token_separation)[-1]))
        series.append(Series(label, APART, measured, APART, expected))
        numbers["alone" if skip == 0 else "skip"] = float(np.polyfit(np.log(APART[-_SMALL:]), np.log(measured[-_SMALL:]), 1)[0])
    numbers["deep"] = float(_tokens(predict(replace(config, depth=_LAYERS)).token_separation)[-1])
    return Finding(numbers, tuple(series))


def separation_after(config: Config) -> float:
    """Return 1 − c of two tokens after the last block, median over the networks drawn."""
    return float(np.median(_tokens(simulate(config).token_separation)[:, -1]))


def _tokens(separation: np.ndarray | None) -> np.ndarray:
    """Return what a network of sequences has."""
    assert separation is not None
    return separation


def _words(finding: Finding) -> str:
    alone, skip = (number(finding.numbers[name]) for name in ("alone", "skip"))
    return f"What tells tokens apart goes to the power {alone} in a layer of attention alone, and {skip} beside a skip."


PAPER = Paper(
    "dong",
    CONFIG,
    measure,
    curves(
        "dong",
        Scale("1 − c of two tokens, before the layer", 0.0025, 1.1, True, (0.003, 0.01, 0.03, 0.1, 0.3, 0.9)),
        Scale("1 − c after it", 1e-10, 1, True),
        _words,
    ),
    Link("Open in Explore", "explore", replace(CONFIG, depth=6, heads=8).to_query()),
)
