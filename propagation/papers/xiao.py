"""Xiao et al. 2018: what becomes of differences along the positions of a convolution, with Gaussian and with delta-orthogonal weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from propagation.charts.curves import Scale, Series
from propagation.config import Config
from propagation.engine.measure import Observer
from propagation.engine.network import Stack, observe
from propagation.formatting import number
from propagation.inputs import draw_inputs
from propagation.labs.protocol import Progress, reported
from propagation.lessons import Link
from propagation.papers.drawing import curves
from propagation.papers.paper import Finding, Paper

CONFIG = Config(
    architecture="convolution",
    positions=16,
    depth=30,
    width=256,
    activation="relu",
    weight_variance=2.0,
    bias_variance=0.0,
    inputs=1,
    trials=24,
)
LAWS = {"gaussian": "Gaussian", "orthogonal": "delta-orthogonal"}
#: Fourier modes followed: with weights on all taps, and on the middle one
MODES = {"gaussian": (1, 2, 4), "orthogonal": (2,)}
#: below this share of a mode dots are chance
_LEAST = 0.1

Array = np.ndarray


def mode_factor(config: Config, mode: int) -> float:
    """Return what a layer multiplies a Fourier mode of E[z²] along the positions by, where the activation is homogeneous.

    That is (1/k) Σ_β cos(2πfβ/S) for k taps of equal variance and S positions, and 1 where weights stand on the middle tap.
    """
    reach = 0 if config.weight_law == "orthogonal" else config.taps // 2
    return float(np.mean(np.cos(2 * np.pi * mode * np.arange(-reach, reach + 1) / config.positions)))


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return Fourier modes of E[z²] along the positions against the layer, relative to those of the input, a Series each, as evidence."""
    x = draw_inputs(config)
    x[:, 0] *= np.sqrt(1 + config.positions)  # as much at one position as at all others
    layers = np.arange(1, config.depth + 1)
    series, factors = [], {}
    for law in reported(tuple(MODES), progress):
        own = replace(config, weight_law=law)
        observe(Stack([own], range(own.trials)), seen := _Profile(own), [x])
        modes = _modes(seen.squares) / _modes((x**2).mean(axis=0))
        for mode in MODES[law]:
            expected = mode_factor(own, mode) ** layers
            shown = expected > _LEAST
            series.append(Series(f"{LAWS[law]}, f = {mode}", layers[shown], modes[shown, mode], layers, expected))
            factors[law, mode] = float(np.exp(layers[shown] @ np.log(modes[shown, mode]) / (layers[shown] @ layers[shown])))
    return Finding({"slowest": factors["gaussian", 1], "second": factors["gaussian", 2], "kept": factors["orthogonal", 2]}, tuple(series))


class _Profile(Observer):
    """Keeps E[z²] at every position, the mean over neurons and trials, (depth, positions)."""

    looks_back = False

    def __init__(self, config: Config) -> None:
        self.squares = np.empty((config.depth, config.positions))

    def see(self, name: str, layer: int, *values: Any) -> None:
        if name == "z":
            z = np.ldexp(values[0].array, values[0].exponent[:, None, None])
            self.squares[layer - 1] = np.mean(z**2, axis=(0, 1))


def _modes(profile: Array) -> Array:
    """Return the Fourier modes f of a profile about position 0, in units of its mean."""
    found = np.fft.rfft(profile).real
    return found / found[..., :1]


def _words(finding: Finding) -> str:
    slowest, kept = (number(finding.numbers[name]) for name in ("slowest", "kept"))
    return f"Gaussian weights multiply the longest wave along the positions by {slowest} a layer, delta-orthogonal ones a wave by {kept}."


PAPER = Paper(
    "xiao",
    CONFIG,
    measure,
    curves(
        "xiao",
        Scale("layer", 0, 31),
        Scale("wave in E[z²], the input’s = 1", 0.01, 2, True, (0.01, 0.03, 0.1, 0.3, 1)),
        _words,
    ),
    Link("Open in Explore", "explore", CONFIG.to_query()),
)
