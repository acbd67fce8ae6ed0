"""Micikevicius et al. 2018: which share of the gradients float16 rounds to zero, layer by layer, and what scaling the loss saves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from propagation.charts.curves import Scale, Series
from propagation.config import Config
from propagation.engine.measure import Observer
from propagation.engine.network import Stack, observe
from propagation.formatting import number
from propagation.labs.protocol import Progress, reported
from propagation.lessons import Link
from propagation.papers.drawing import curves
from propagation.papers.paper import Finding, Paper
from propagation.theory.prediction import predict

#: gradients halve their mean square in every layer
CONFIG = Config(depth=80, width=512, activation="tanh", weight_variance=0.5, bias_variance=0.0, inputs=8, trials=1)
#: what the loss is multiplied by: 1, the 8 that was enough for a network of the paper, and as much as leaves the last layer in range
SCALES = (1, 8, 2**10)
SMALLEST = float(np.nextafter(np.float16(0), np.float16(1)))
LARGEST = float(np.finfo(np.float16).max)

Array = np.ndarray


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return the share of gradients that float16 makes 0 against the layer, a Series for each scale of the loss, as the evidence."""
    theory, layers = predict(config), np.arange(1, config.depth + 1)
    series, lost = [], {}
    for scale in reported(SCALES, progress):
        lost[scale] = _lost(config, scale)
        std = scale * 10 ** (0.5 * np.asarray(theory.delta.log10_second_moment))
        expected = [math.erf(SMALLEST / 2 / (math.sqrt(2) * one)) for one in std]
        series.append(Series("no scaling" if scale == 1 else f"loss × {scale:,}", layers, lost[scale], layers, expected))
    return Finding(
        {
            "smallest": SMALLEST,
            "largest": LARGEST,
            "lost": float(lost[1][0]),
            "saved": _reaches(lost[8]) - _reaches(lost[1]),
            "saved_most": _reaches(lost[2**10]) - _reaches(lost[1]),
        },
        tuple(series),
    )


class _Rounded(Observer):
    """Counts in every layer which share of δ is 0 once it is stored in float16, multiplied by `scale`."""

    def __init__(self, depth: int, scale: int) -> None:
        self.scale, self.lost = scale, np.empty(depth)

    def see(self, name: str, layer: int, *values: Any) -> None:
        if name == "delta":
            (delta,) = values
            stored = (self.scale * np.ldexp(delta.array[0].astype(float), int(delta.exponent[0]))).astype(np.float16)
            self.lost[layer - 1] = np.mean(stored == 0)


def _lost(config: Config, scale: int) -> Array:
    """Return the share lost in every layer of one network, (depth,)."""
    seen = _Rounded(config.depth, scale)
    observe(Stack([config], range(1)), seen)
    return seen.lost


def _reaches(lost: Array) -> float:
    """Return how many layers from the top gradients travel until half of them are 0."""
    return float(np.argmin(lost[::-1] < 0.5)) if (lost >= 0.5).any() else float(len(lost))


def _words(finding: Finding) -> str:
    lost, saved = number(finding.numbers["lost"]), number(finding.numbers["saved"])
    return f"In layer 1, {lost} of all gradients are 0 in float16; a loss that is 8 times as large saves {saved} layers."


PAPER = Paper(
    "micikevicius",
    CONFIG,
    measure,
    curves("micikevicius", Scale("layer", 0, 81, marks=(1, 20, 40, 60, 80)), Scale("share of gradients that become 0", 0, 1), _words),
    Link("Open in Explore", "explore", CONFIG.to_query()),
)
