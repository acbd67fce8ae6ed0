"""Cowsik et al. 2024: order and chaos of the tokens of a transformer, by two exponents, of what tells tokens apart and of gradients."""

from __future__ import annotations

import math
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
from propagation.theory.token_law import TokenLaw, token_law

#: attention is weak beside the MLP, or tokens would merge at every σ_w²
CONFIG = Config(
    architecture="transformer",
    normalization="layer",
    norm_position="post",
    readout="pooled",
    activation="tanh",
    depth=16,
    width=256,
    heads=16,
    tokens=8,
    inputs=1,
    trials=8,
    bias_variance=0.0,
    value_variance=0.05,
    query_key_variance=1.0,
)
WEIGHT_VARIANCES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
#: σ_w² of theory's lines
_LINE = np.geomspace(0.25, 8.0, 26)
#: deep networks of the two phases: where the MLP wins, and where attention does
_PHASES: tuple[dict[str, Any], ...] = ({"weight_variance": 8.0}, {"weight_variance": 1.0, "value_variance": 1.0})
#: 1 − c of tokens that are nearly alike, blocks by which an exponent is measured, and of a network in which tokens settle
_ALIKE, _BLOCKS, _DEEP = 1e-6, 8, 40


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return both exponents against σ_w², a Series each, as the evidence."""
    angles, gradients = [], []
    for variance in reported(WEIGHT_VARIANCES, progress):
        own = replace(config, weight_variance=variance)
        angles.append(_angle_exponent(own))
        gradients.append(_gradient_exponent(own))
    laws = [law_of(replace(config, weight_variance=float(variance))) for variance in _LINE]
    chaotic, ordered = (replace(config, depth=_DEEP, **fields) for fields in _PHASES)
    near, far = (separation_after(replace(chaotic, token_correlation=c)) for c in (0.99, 0.0))
    by_variance = {variance: (a, g) for variance, a, g in zip(WEIGHT_VARIANCES, angles, gradients, strict=True)}
    return Finding(
        {
            "ordered": by_variance[0.5][0],
            "edge": by_variance[1.0][0],
            "chaotic": by_variance[8.0][0],
            "line": separation_after(ordered),
            "simplex": near / far,
            "gradient": by_variance[8.0][1],
            "between": by_variance[1.0][1] - by_variance[1.0][0],
        },
        (
            Series("angles", WEIGHT_VARIANCES, angles, _LINE, [law.angles for law in laws]),
            Series("gradients", WEIGHT_VARIANCES, gradients, _LINE, [law.gradients for law in laws]),
        ),
    )


def law_of(config: Config) -> TokenLaw:
    """Return theory's exponents of one of these networks, which all have them."""
    law = token_law(config)
    assert law is not None
    return law


def _angle_exponent(config: Config) -> float:
    """ln of what a block multiplies 1 − c by, where tokens are nearly alike."""
    separation = simulate(replace(config, depth=1 + _BLOCKS, token_correlation=1 - _ALIKE)).token_separation
    assert separation is not None
    return float(np.log(separation[:, -1] / separation[:, 0]).mean() / _BLOCKS)


def _gradient_exponent(config: Config) -> float:
    """ln of what a block multiplies E[(∂C/∂x)²] by on its way back, of tokens as far apart as they settle, far from the readout."""
    apart = law_of(config).settled or _ALIKE
    sizes = simulate(replace(config, token_correlation=1 - min(apart, 1.0))).stream_gradient.log10_second_moment
    return math.log(10) * float((sizes[:, 0] - sizes[:, _BLOCKS]).mean() / _BLOCKS)


def _words(finding: Finding) -> str:
    ordered, chaotic = (number(round(finding.numbers[name], 3)) for name in ("ordered", "chaotic"))
    return f"The angle exponent rises with the weight variance, from {ordered}, where tokens merge, to {chaotic}, where they part."


PAPER = Paper(
    "cowsik",
    CONFIG,
    measure,
    curves(
        "cowsik",
        Scale("weight variance σ_w²", 0.23, 8.7, True, WEIGHT_VARIANCES),
        Scale("exponent, a block", -0.1, 0.6, False, (-0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)),
        _words,
    ),
    Link("Open on Order or chaos", "phase", replace(CONFIG, weight_variance=2.0, inputs=2).to_query() | {"plane": "apart"}),
)
