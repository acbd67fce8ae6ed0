"""He et al. 2015: what leaving the 2 out of 2/n does to a ReLU network of 22 and of 30 layers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from propagation.charts.compare import Curves, compare_chart
from propagation.config import Config
from propagation.engine.network import simulate
from propagation.engine.trace import Trace
from propagation.formatting import number
from propagation.labs.protocol import Progress, reported
from propagation.lessons import Link
from propagation.papers.paper import Drawn, Finding, Paper
from propagation.theory.prediction import Prediction, predict

CONFIG = Config(depth=30, width=256, activation="relu", scheme="he", bias_variance=0, trials=4)
#: with layers of constant width and Gaussian weights Xavier's rule is Var W = 1/n, as the paper has it
SCHEMES = {"Xavier, 1/n": "glorot", "He, 2/n": "he"}
#: channels and filter size of the convolutions 2 … 10 of the paper's example, and the std it finds too small
CHANNELS, FILTER, FIXED_STD = (64, 128, 128, 256, 256, 512, 512, 512, 512), 3, 0.01


@dataclass(frozen=True)
class Run:
    """One initialization: its name, what was measured and what theory says."""

    label: str
    trace: Trace
    prediction: Prediction


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return a Run for each of SCHEMES, from the same unit noise, as the evidence."""
    runs = []
    for label, scheme in reported(list(SCHEMES.items()), progress):
        own = replace(config, scheme=scheme)
        runs.append(Run(label, simulate(own), predict(own)))
    forward, backward = ([run.trace.signal(name).median() / 2 for run in runs] for name in ("z", "delta"))
    return Finding(
        {
            "signal_22": 10 ** float(forward[0][21] - forward[1][21]),
            "signal_30": 10 ** float(forward[0][29] - forward[1][29]),
            "gradient_30": 10 ** float(backward[0][0] - backward[0][-1]),
            "fixed_std": fixed_std_ratio(),
        },
        tuple(runs),
    )


def fixed_std_ratio() -> float:
    """Return how many times smaller a gradient is after the convolutions of the paper's example with std 0.01 in place of √(2/(k² d))."""
    return math.prod(math.sqrt(2 / (FILTER**2 * channels)) / FIXED_STD for channels in CHANNELS)


def draw(finding: Finding, appearance: str) -> list[Drawn]:
    """Draw both networks over one another, as the Compare page does."""
    curves = [Curves(place, run.label, run.trace, run.prediction) for place, run in enumerate(finding.evidence)]
    alt = f"After 30 layers Xavier's signal is {number(finding.numbers['signal_30'])} times He's, which is level."
    return [Drawn("he", compare_chart(curves, winner=1, appearance=appearance), alt)]


PAPER = Paper(
    "he",
    CONFIG,
    measure,
    draw,
    Link("Open in Compare", "compare", CONFIG.to_query() | {"columns": "glorot.relu.gaussian~he.relu.gaussian"}),
)
