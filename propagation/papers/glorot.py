"""Glorot & Bengio 2010: activations, gradients and weight gradients of a tanh network, layer by layer, under two initializations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from propagation.charts.distributions import ridges_chart
from propagation.config import Config
from propagation.engine.network import walk
from propagation.engine.ops import LinearOp
from propagation.engine.signal import Signal
from propagation.formatting import number
from propagation.inputs import draw_inputs
from propagation.labs.distributions import DISTRIBUTIONS, Distributions
from propagation.labs.protocol import Progress, part_of
from propagation.lessons import Link
from propagation.papers.paper import Drawn, Finding, Paper
from propagation.runtime.blas import one_thread

#: five hidden layers of tanh as in the paper, half as wide
CONFIG = Config(depth=5, width=512, activation="tanh", scheme="glorot_standard", weight_law="uniform", bias_variance=0, inputs=32, trials=4)
#: the signals of its three figures
FIGURES = {"h": "6: activations", "delta": "7: gradients", "weight_gradient": "8: weight gradients"}
SCHEMES = {"standard": "glorot_standard", "normalized": "glorot"}
#: an input that leaves tanh almost straight
SMALL = 0.1


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return "standard" and "normalized" with their Distributions as the evidence."""
    evidence: dict[str, Distributions] = {}
    numbers: dict[str, float] = {}
    for done, (name, scheme) in enumerate(SCHEMES.items()):
        own = replace(config, scheme=scheme)
        evidence[name] = DISTRIBUTIONS.measure(own, part_of(progress, done / 2, done / 2 + 0.25))
        numbers[f"jacobian_{name}"] = mean_singular_value(own)
        if progress:
            progress((done + 1) / 2)
    numbers["gradient_standard"] = _ratio(evidence["standard"], "delta", 3, 4)
    numbers["weight_gradient_standard"] = _ratio(evidence["standard"], "weight_gradient", 0, 4)
    numbers["jacobian_small"] = mean_singular_value(replace(config, scheme="glorot", input_variance=SMALL))
    return Finding(numbers, evidence)


def mean_singular_value(config: Config) -> float:
    """Return the mean singular value of J = ∂z^(l+1)/∂z^l = W^(l+1) diag φ′(z^l), over l = 1 … L − 1 and one input.

    Source: the paper's eq. 17.
    """
    values: list[float] = []
    jacobian: Signal | None = None  # of everything since the last z
    with one_thread():
        for steps in walk(config, 0, draw_inputs(config)[:, :1]):
            for step in steps:
                if jacobian is not None:
                    (jacobian,) = step.op.jvp(step.x, (jacobian,))
                if isinstance(step.op, LinearOp):
                    if jacobian is not None:
                        values.append(float(np.linalg.svd(jacobian.array[0], compute_uv=False).mean()))
                    jacobian = Signal(np.eye(step.y.array.shape[1])[None], np.zeros(1, dtype=int))
    return float(np.mean(values))


def _ratio(found: Distributions, signal: str, layer: int, other: int) -> float:
    """Return the second moment in one layer over that in another, by their places."""
    sizes = [one.log10_rms for one in found.histograms[signal]]
    return 10 ** (2 * (sizes[layer] - sizes[other]))


def draw(finding: Finding, appearance: str, signal: str) -> list[Drawn]:
    """Draw the histograms of a signal, one chart for each initialization."""
    drawn = []
    for name, result in finding.evidence.items():
        figure = ridges_chart(result, signal, common=True, chosen=1, appearance=appearance)
        figure.layout.title = {"text": f"<b>{name}</b>", "x": 0.5, "xanchor": "center", "y": 0.985, "yanchor": "top", "font": {"size": 15}}
        first, last = (10 ** result.histograms[signal][place].log10_rms for place in (0, -1))
        alt = f"Histograms, {name}: root mean square {number(first)} in layer 1, {number(last)} in layer 5."
        drawn.append(Drawn(name, figure, alt))
    return drawn


PAPER = Paper(
    "glorot",
    CONFIG,
    measure,
    draw,
    Link("Open in Distributions", "distributions", CONFIG.to_query() | {"signal": "delta"}),
    choices=FIGURES,
)
