"""Zhang et al. 2019 (Fixup): how far one step of gradient descent moves the output, by depth, with He's weights and with Fixup's."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from propagation.charts.curves import Scale, Series
from propagation.config import Config
from propagation.engine.network import simulate
from propagation.formatting import number
from propagation.labs.protocol import Progress, reported
from propagation.labs.training import digits, initial_network
from propagation.lessons import Link
from propagation.papers.drawing import curves, depth_scale
from propagation.papers.paper import Finding, Paper
from propagation.runtime.blas import one_thread

CONFIG = Config(architecture="residual", depth=64, width=128, activation="relu", scheme="he", bias_variance=0.0, inputs=8, trials=4)
RULES = {"He's weights": "custom", "Fixup": "fixup"}
DEPTHS = (2, 4, 8, 16, 32, 64)
#: digits of the batch, and how far a step goes as a share of all weights: so little that the output moves in proportion
_BATCH, _SHARE = 64, 1e-8


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return how far the output moves per unit of the learning rate against depth, a Series for each rule, as the evidence."""
    series, moved, grown = [], {}, {}
    for label, rule in reported(list(RULES.items()), progress):
        own = replace(config, branch_rule=rule)
        moved[rule] = [output_change(replace(own, depth=depth)) for depth in DEPTHS]
        trace = simulate(own)
        grown[rule] = 10 ** (float(trace.stream.median()[-1] - trace.input_log10_second_moment) / own.depth)
        series.append(Series(label, DEPTHS, moved[rule], DEPTHS, moved[rule]))
    return Finding(
        {
            "he_stream": grown["custom"],
            "fixup_stream": grown["fixup"],
            "he_update": moved["custom"][-1] / moved["custom"][0],
            "fixup_update": moved["fixup"][-1] / moved["fixup"][0],
        },
        tuple(series),
    )


def output_change(config: Config) -> float:
    """Return the root mean square change of the ten scores by one small step of gradient descent, over its learning rate."""
    with one_thread():
        network = initial_network(config)
        x, labels, _, _ = digits(config)
        x, labels = x[:, :_BATCH], labels[:_BATCH]
        before = network.scores(x)
        _, by_weights, by_biases = network.gradients(x, labels)
        gradients, parameters = [*by_weights, *by_biases], [*network.weights, *network.biases]
        rate = _SHARE * _norm(parameters) / _norm(gradients)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= rate * gradient
        return float(np.sqrt(np.mean((network.scores(x) - before) ** 2))) / rate


def _norm(arrays: list[np.ndarray]) -> float:
    return math.sqrt(sum(float(np.vdot(array, array)) for array in arrays))


def _words(finding: Finding) -> str:
    he, fixup = (number(finding.numbers[f"{name}_update"]) for name in ("he", "fixup"))
    return f"From 2 blocks to 64, what a step does to the output changes by a factor of {he} with He's weights and {fixup} with Fixup's."


PAPER = Paper(
    "zhang",
    CONFIG,
    measure,
    curves("zhang", depth_scale(64, title="blocks", shallowest=2), Scale("output moved, per unit of learning rate", 1, 1e42, True), _words),
    Link("Open in Explore", "explore", replace(CONFIG, branch_rule="fixup", width=256).to_query()),
)
