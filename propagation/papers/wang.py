"""Wang et al. 2022 (DeepNet): weight gradients of queries in every block, with a plain norm after the sum and with DeepNorm."""

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

#: blocks of attention and an MLP; tokens that are half alike, as words of a text are
CONFIG = Config(
    architecture="transformer",
    branch_rule="deepnorm",
    normalization="layer",
    norm_position="post",
    depth=50,
    width=256,
    heads=8,
    tokens=8,
    inputs=2,
    trials=2,
    activation="relu",
    weight_variance=1.0,
    bias_variance=0.0,
    token_correlation=0.5,
)
RULES = {"DeepNorm": "deepnorm", "post-norm": "custom"}
#: blocks of two branches that make 1,000 layers as the paper counts them
_THOUSAND = 500
#: below this the engine's rounding is as large as what tells tokens apart, and squared the gradient of queries
_LEAST = 1e-24


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return E[(∂C/∂W_q)²] against the block, a Series for each rule, as the evidence."""
    series, changes = [], {}
    for label, rule in reported(list(RULES.items()), progress):
        own = replace(config, branch_rule=rule)
        trace, theory = simulate(own), predict(own)
        measured = 10 ** trace.weights["Wq"].median()
        expected = 10 ** np.asarray(theory.weights["Wq"].log10_second_moment)
        blocks = np.arange(1, own.depth + 1)
        seen = measured > _LEAST
        series.append(Series(label, blocks[seen], measured[seen], blocks, expected))
        changes[rule] = float(expected[-1] / expected[0]) if rule == "custom" else float(measured[-1] / measured[0])
        if rule == "deepnorm":
            gradient = trace.stream_gradient.median()
            changes["gradient"] = 10 ** float(gradient[0] - gradient[-1])
    deep = predict(replace(config, depth=_THOUSAND)).stream_gradient.log10_second_moment
    return Finding(
        {
            "gradient": changes["gradient"],
            "thousand": 10 ** float(deep[0] - deep[-1]),
            "queries": changes["deepnorm"],
            "post_norm": changes["custom"],
        },
        tuple(series),
    )


def _words(finding: Finding) -> str:
    deepnorm, post = (number(finding.numbers[name]) for name in ("queries", "post_norm"))
    return f"From block 1 to 50 the gradients of queries change by a factor of {deepnorm} with DeepNorm and {post} with post-norm."


PAPER = Paper(
    "wang",
    CONFIG,
    measure,
    curves("wang", Scale("block", 0, 51, marks=(1, 10, 20, 30, 40, 50)), Scale("E[(∂C/∂W_q)²]", 1e-32, 1, True), _words),
    Link("Open in Explore", "explore", CONFIG.to_query()),
)
