"""Spectrum: the singular values of a random network's Jacobian ∂h^l/∂h⁰, layer by layer."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from propagation.config import Config
from propagation.engine.network import walk
from propagation.engine.signal import LOG10_2, Signal
from propagation.inputs import draw_inputs
from propagation.labs.protocol import Lab, Progress, coupled
from propagation.runtime.blas import one_thread

#: networks are measured no wider and no deeper than this
WIDEST, DEEPEST = 400, 100
#: depths at which singular values are computed
MOST_DEPTHS = 8
#: singular values below this share of the largest are rounding errors of the product
RESOLUTION = 1e-13


@dataclass(frozen=True)
class Spectrum:
    """Singular values of J = ∂h^l/∂h⁰ for one input of one network.

    `layers` (k,) are the depths l looked at, `log10_values` at each of them the log10 of all min(n_l, n_0) singular values, largest first,
    −inf where they are below RESOLUTION of the largest (or zero: a ReLU that is off leaves one). `log10_mean_square` (depth,) is log10 of
    ‖J‖²/n_0 in every layer: what a random small change of the input is multiplied by, squared.
    """

    config: Config
    layers: np.ndarray
    log10_values: tuple[np.ndarray, ...]
    log10_mean_square: np.ndarray

    def log10_condition(self, place: int) -> float:
        """Return log10 of largest/smallest singular value at the depth in this place; inf where the smallest is not resolved."""
        values = self.log10_values[place]
        return float(values[0] - values[-1]) if math.isfinite(values[-1]) else math.inf


def uses(config: Config) -> Config:
    """Return the experiment as this lab runs it: one network, one input, no wider than WIDEST."""
    return replace(config.no_larger(width=WIDEST), inputs=config.fewest_inputs, positions=1, trials=1, method="auto")


def depths_shown(depth: int) -> np.ndarray:
    """Return at most MOST_DEPTHS layers, evenly spread in the logarithm, first and last included."""
    last = min(depth, DEEPEST)
    return np.unique(np.geomspace(1, last, min(last, MOST_DEPTHS)).round().astype(int))


def measure(config: Config, progress: Progress | None = None) -> Spectrum:
    """Multiply up the Jacobian of one network, layer by layer, and decompose it at `depths_shown`."""
    wanted = depths_shown(config.depth)
    jacobian = Signal(np.eye(config.widths[0])[None], np.zeros(1, dtype=int))
    mean_square, values = np.full(wanted[-1], -np.inf), []
    with one_thread():
        for layer, steps in enumerate(islice(walk(config, 0, draw_inputs(config)), int(wanted[-1])), start=1):
            for step in steps:
                (jacobian,) = step.op.jvp(step.x, (jacobian,))
                jacobian = jacobian.settled()
            mean_square[layer - 1] = _log10_mean_square(jacobian)
            if layer in wanted:
                values.append(_log10_values(jacobian))
            if progress:
                progress(layer / wanted[-1])
    return Spectrum(config, wanted, tuple(values), mean_square)


SPECTRUM = Lab("spectrum", uses, measure, coupled("one input by itself has no Jacobian"))


def _log10_mean_square(jacobian: Signal) -> float:
    """Return log10 of ‖J‖²/n_0."""
    square = float(jacobian.second_moment[0]) * jacobian.array.shape[1]
    return math.log10(square) + 2 * float(jacobian.exponent[0]) * LOG10_2 if square else -math.inf


def _log10_values(jacobian: Signal) -> np.ndarray:
    """Return log10 of the singular values, largest first; −inf below RESOLUTION of the largest."""
    values = np.linalg.svd(jacobian.array[0], compute_uv=False)
    resolved = (values > RESOLUTION * values[0]) & (values > 0)
    return np.where(resolved, np.log10(np.where(resolved, values, 1.0)) + jacobian.exponent[0] * LOG10_2, -np.inf)
