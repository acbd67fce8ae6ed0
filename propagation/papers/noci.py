"""Noci et al. 2022: gradients of queries and keys vanish where tokens have become alike, and branches scaled by 1/√L keep them apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from propagation.charts.curves import Scale, Series
from propagation.config import Config
from propagation.engine.network import simulate
from propagation.formatting import number
from propagation.labs.protocol import Progress, reported
from propagation.lessons import Link
from propagation.papers.dong import separation_after
from propagation.papers.drawing import curves
from propagation.papers.paper import Finding, Paper
from propagation.theory.prediction import predict

CONFIG = Config(
    architecture="transformer",
    sublayers="attention",
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
MAPS = {"queries W_q": "Wq", "keys W_k": "Wk", "values W_v": "Wv"}
#: 1 − c of the tokens before the layer, and how many of the last, nearly alike, powers are read off from
APART, _SMALL = (0.9, 0.3, 0.1, 0.03, 0.01, 0.003), 4
#: whole transformers in which tokens are kept apart, or not
_DEEP: dict[str, Any] = {"activation": "relu", "sublayers": "both", "depth": 50, "weight_variance": 1.41421356, "inputs": 2}

Array = np.ndarray


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return E[(∂C/∂W)²] against 1 − c of the tokens that the block sees, a Series for each map, as the evidence."""
    measured: dict[str, list[float]] = {name: [] for name in MAPS.values()}
    expected: dict[str, list[float]] = {name: [] for name in MAPS.values()}
    for apart in reported(APART, progress):
        own = replace(config, token_correlation=1 - apart)
        trace, theory = simulate(own), predict(own)
        for name in measured:
            measured[name].append(10 ** float(trace.weights[name].median()[0]))
            expected[name].append(10 ** float(theory.weights[name].log10_second_moment[0]))
    deep = {rule: separation_after(replace(config, branch_rule=rule, **_DEEP)) for rule in ("custom", "sqrt")}
    series = tuple(Series(label, APART, measured[name], APART, expected[name]) for label, name in MAPS.items())
    return Finding(
        {
            "queries": _power(measured["Wq"]),
            "keys": _power(measured["Wk"]),
            "values": _power(measured["Wv"]),
            "scaled": deep["sqrt"] / deep["custom"],
        },
        series,
    )


def _power(sizes: list[float]) -> float:
    """Return p of a size ∝ (1 − c)ᵖ, by least squares."""
    return float(np.polyfit(np.log(APART[-_SMALL:]), np.log(sizes[-_SMALL:]), 1)[0])


def _words(finding: Finding) -> str:
    queries, values = (number(finding.numbers[name]) for name in ("queries", "values"))
    return f"Gradients of queries go like 1 − c to the power {queries}, those of values to the power {values}."


PAPER = Paper(
    "noci",
    CONFIG,
    measure,
    curves(
        "noci",
        Scale("1 − c of two tokens, before the block", 0.0025, 1.1, True, (0.003, 0.01, 0.03, 0.1, 0.3, 0.9)),
        Scale("E[(∂C/∂W)²]", 1e-6, 100, True),
        _words,
    ),
    Link("Open in Explore", "explore", replace(CONFIG, depth=24, heads=8, inputs=2, norm_position="post").to_query()),
)
