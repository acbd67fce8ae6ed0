"""Saxe et al. 2013: singular values of a deep linear network with scaled Gaussian and with orthogonal weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from propagation.charts.spectrum import spectrum_chart, window_of
from propagation.config import Config
from propagation.formatting import number
from propagation.labs.protocol import Progress, part_of
from propagation.labs.spectrum import SPECTRUM, Spectrum
from propagation.lessons import Link
from propagation.papers.paper import Drawn, Finding, Paper
from propagation.theory.spectrum import predict_spectrum

CONFIG = Config(depth=30, width=256, activation="linear", weight_variance=1.0, bias_variance=0, inputs=1, trials=1)
LAWS = ("gaussian", "orthogonal")


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return a Spectrum for each of LAWS as the evidence."""
    spectra: list[Spectrum] = []
    for done, law in enumerate(LAWS):
        spectra.append(SPECTRUM(replace(config, weight_law=law), part_of(progress, done / len(LAWS), (done + 1) / len(LAWS))))
    gaussian, orthogonal = (spectrum.log10_values[-1] for spectrum in spectra)
    return Finding(
        {
            "orthogonal_largest": 10 ** float(orthogonal[0]),
            "orthogonal_smallest": 10 ** float(orthogonal[-1]),
            "gaussian_mean_square": 10 ** float(spectra[0].log10_mean_square[-1]),
            "gaussian_median": 10 ** float(np.median(gaussian)),
        },
        tuple(spectra),
    )


def draw(finding: Finding, appearance: str) -> list[Drawn]:
    """Draw the spectrum of each law on one scale."""
    window = window_of(finding.evidence)
    drawn = []
    for spectrum in finding.evidence:
        law = spectrum.config.weight_law
        prediction = predict_spectrum(spectrum.config, law, int(spectrum.layers[-1]))
        figure = spectrum_chart(spectrum, prediction, len(spectrum.layers) - 1, window, appearance=appearance)
        values = spectrum.log10_values[-1]
        alt = f"Singular values, {law} weights: from {number(10 ** float(values[-1]))} to {number(10 ** float(values[0]))} after 30 layers."
        drawn.append(Drawn(law, figure, alt))
    return drawn


PAPER = Paper("saxe", CONFIG, measure, draw, Link("Open in Spectrum", "spectrum", CONFIG.to_query()))
