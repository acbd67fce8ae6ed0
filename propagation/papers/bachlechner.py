"""Bachlechner et al. 2020 (ReZero): singular values of a network that begins as the identity, beside those of one without skips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from propagation.charts.spectrum import spectrum_chart, window_of
from propagation.config import Config
from propagation.engine.network import simulate
from propagation.formatting import number
from propagation.labs.protocol import Progress, part_of
from propagation.labs.spectrum import SPECTRUM
from propagation.lessons import Link
from propagation.papers.paper import Drawn, Finding, Paper

CONFIG = Config(
    architecture="residual",
    branch_rule="zero",
    depth=30,
    width=256,
    activation="relu",
    scheme="he",
    bias_variance=0.0,
    inputs=1,
    trials=1,
)


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return the Spectrum of the same layers without skips and of ReZero's as the evidence."""
    plain, rezero = (
        SPECTRUM(own, part_of(progress, done / 2, (done + 1) / 2)) for done, own in enumerate((config.without_blocks(), config))
    )
    trace = simulate(config)
    gradients = [moments.log10_second_moment for moments in trace.weights.values()]
    return Finding(
        {
            "largest": 10 ** float(rezero.log10_values[-1][0]),
            "smallest": 10 ** float(rezero.log10_values[-1][-1]),
            "plain_median": 10 ** float(np.median(plain.log10_values[-1])),
            "branch_gradient": float(sum(np.sum(10**gradient) for gradient in gradients)),
        },
        (plain, rezero),
    )


def draw(finding: Finding, appearance: str) -> list[Drawn]:
    """Draw both spectra on one scale."""
    window, drawn = window_of(finding.evidence), []
    for name, words, spectrum in zip(("plain", "rezero"), ("no skips", "ReZero"), finding.evidence, strict=True):
        figure = spectrum_chart(spectrum, None, len(spectrum.layers) - 1, window, appearance=appearance)
        values = spectrum.log10_values[-1]
        alt = f"Singular values, {words}: from {number(10 ** float(values[-1]))} to {number(10 ** float(values[0]))} after 30 layers."
        drawn.append(Drawn(name, figure, alt))
    return drawn


PAPER = Paper("bachlechner", CONFIG, measure, draw, Link("Open in Explore", "explore", replace(CONFIG, inputs=16, trials=4).to_query()))
