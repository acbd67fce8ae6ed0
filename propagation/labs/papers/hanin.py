"""Hanin & Rolnick 2018: how much the length of a signal scatters from network to network is decided by the sum of 1/width."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from propagation.config import Config
from propagation.engine.network import simulate
from propagation.labs.papers.finding import Finding
from propagation.theory.finite_width import layer_spread

CONFIG = Config(depth=20, width=32, activation="relu", scheme="he", bias_variance=0, inputs=1, trials=64)
#: (profile, width, depth) of the networks drawn; several have the same sum of 1/width
SHAPES = (
    ("constant", 16, 5),
    ("constant", 16, 10),
    ("constant", 16, 20),
    ("constant", 32, 10),
    ("constant", 32, 20),
    ("constant", 32, 40),
    ("constant", 64, 20),
    ("constant", 64, 40),
    ("funnel", 128, 20),
    ("bottleneck", 128, 30),
)
#: seeds drawn for each, of `trials` networks
SEEDS = 2


@dataclass(frozen=True)
class Shape:
    """Networks of one shape: Σ 1/n over the hidden layers, and of ln ‖h^L‖² over the networks its variance, measured and exact.

    `error` is the standard error of that variance, `mean_length` the mean of ‖h^L‖²/n_L over ‖h⁰‖²/n_0, over `networks` of them.
    """

    profile: str
    width: int
    depth: int
    reciprocals: float
    measured: float
    error: float
    exact: float
    mean_length: float
    networks: int


def hanin(config: Config, progress: Callable[[float], None] | None = None) -> Finding:
    """The evidence is a Shape for each of SHAPES."""
    shapes = []
    for done, (profile, width, depth) in enumerate(SHAPES):
        shapes.append(measured_shape(replace(config, width_profile=profile, width=width, depth=depth)))
        if progress:
            progress((done + 1) / len(SHAPES))
    by_name = {(shape.profile, shape.width, shape.depth): shape for shape in shapes}
    shallow, deep = by_name["constant", 16, 10], by_name["constant", 64, 40]
    return Finding(
        {
            "same_sum": deep.measured / shallow.measured,
            "double_depth": by_name["constant", 16, 20].measured / shallow.measured,
            "mean_length": by_name["constant", 64, 20].mean_length,
        },
        tuple(shapes),
    )


def measured_shape(config: Config) -> Shape:
    """SEEDS times `config.trials` networks of one shape, those left out in which a layer died."""
    seeds = np.random.SeedSequence((config.seed, config.width, config.depth)).generate_state(SEEDS)
    traces = [simulate(replace(config, seed=int(seed))) for seed in seeds]
    grown = np.concatenate([trace.h.log10_second_moment[:, -1] - trace.input_log10_second_moment for trace in traces]) * math.log(10)
    alive = grown[np.isfinite(grown)]
    variance = float(alive.var(ddof=1))
    fourth = float(np.mean((alive - alive.mean()) ** 4))
    widths = config.widths[1:]
    return Shape(
        config.width_profile,
        config.width,
        config.depth,
        sum(1 / n for n in widths),
        variance,
        math.sqrt(max(fourth - variance**2, 0.0) / alive.size),
        sum(layer_spread("relu", "gaussian", n).log_variance for n in widths),
        float(np.exp(alive).sum() / grown.size),
        int(alive.size),
    )
