"""Saxe et al. 2013: singular values of a deep linear network with scaled Gaussian and with orthogonal weights."""

from __future__ import annotations

import numpy as np

from propagation.config import Config
from propagation.labs.papers.finding import Finding
from propagation.labs.progress import Progress, part_of
from propagation.labs.spectrum import Spectrum, measure_spectrum

CONFIG = Config(depth=30, width=256, activation="linear", weight_variance=1.0, bias_variance=0, inputs=1, trials=1)
LAWS = ("gaussian", "orthogonal")


def saxe(config: Config, progress: Progress | None = None) -> Finding:
    """The evidence is a Spectrum for each of LAWS."""
    spectra: list[Spectrum] = []
    for done, law in enumerate(LAWS):
        spectra.append(measure_spectrum(config, law, part_of(progress, done / len(LAWS), (done + 1) / len(LAWS))))
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
