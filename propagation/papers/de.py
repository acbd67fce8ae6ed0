"""De & Smith 2020: how much of the stream is what the last branch has added, block by block, with batch norm and without."""

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

#: pre-activation blocks as in He et al. 2016: norm, ReLU, W₁, norm, ReLU, W₂
CONFIG = Config(
    architecture="residual",
    depth=50,
    width=512,
    activation="relu",
    scheme="he",
    bias_variance=0.0,
    normalization="batch",
    block_order="pre_activation",
    inputs=32,
    trials=4,
)
NORMS = {"batch norm": "batch", "no norm": "none"}


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return the branch's share of E[x²] against the block, a Series for each norm, as the evidence."""
    series, shares, blocks = [], {}, np.arange(1, config.depth + 1)
    for label, norm in reported(list(NORMS.items()), progress):
        own = replace(config, normalization=norm)
        trace = simulate(own)
        shares[norm] = _shares(trace.input_log10_second_moment, trace.stream.median())
        theory = predict(own)
        expected = _shares(theory.input_log10_second_moment, np.asarray(theory.stream.log10_second_moment))
        series.append(Series(label, blocks, shares[norm], blocks, expected))
    return Finding(
        {
            "block_10": float(shares["batch"][9]),
            "law": float(np.mean((shares["batch"] * (blocks + 1))[9:])),
            "no_norm": float(np.median(shares["none"])),
        },
        tuple(series),
    )


def _shares(log10_before: float, log10_after: np.ndarray) -> np.ndarray:
    """Return the share of E[x²] that every block adds, from log10 of that before the first block and after each, (depth,)."""
    sizes = 10 ** np.concatenate([[log10_before], log10_after])
    return 1 - sizes[:-1] / sizes[1:]


def _words(finding: Finding) -> str:
    tenth, bare = (number(finding.numbers[name]) for name in ("block_10", "no_norm"))
    return f"With batch norm the branch of block 10 is {tenth} of the stream's mean square; without a norm every branch is {bare} of it."


PAPER = Paper(
    "de",
    CONFIG,
    measure,
    curves("de", depth_scale(50), Scale("the branch's share of E[x²]", 0.01, 1, True), _words),
    Link("Open in Explore", "explore", replace(CONFIG, width=256).to_query()),
)
