"""Distributions: histograms of z, h, δ and ∂C/∂W in layers all along a network, as Glorot & Bengio 2010 drew them (figures 6 and 7).

All numbers of a layer, those of every network, neuron and input, stand in one histogram in units of their own root mean square. Exact
zeros have no place on that scale: they are counted apart. ∂C_b/∂W = δ_b h_bᵀ of one input's cost has too many entries to form: a sample of
them is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from propagation.architecture import blocks, columns_together, signals_of
from propagation.config import Config
from propagation.engine.measure import Observer
from propagation.engine.network import Stack
from propagation.engine.signal import LOG10_2, Signal
from propagation.labs.protocol import Lab, Progress
from propagation.labs.watch import watch
from propagation.ops import z_map
from propagation.signals import SIGNALS

#: what one visitor's experiment is seen through, at most
MOST_DRAWS, MOST_INPUTS, MOST_NEURONS = 8, 32, 512
#: layers with a histogram, at most
MOST_LAYERS = 10
#: a histogram reaches this many root mean squares to both sides; what lies beyond is counted in `beyond`
REACH = 5.0
#: odd, so that one of them has its middle at 0
BINS = 161
EDGES = np.linspace(-REACH, REACH, BINS + 1)
CENTRES = (EDGES[1:] + EDGES[:-1]) / 2
#: entries of ∂C/∂W that are drawn in a layer
DRAWN_ENTRIES = 100_000

Array = np.ndarray


@dataclass(frozen=True)
class Histogram:
    """The numbers of one signal in one layer.

    `density`, (BINS,), is per unit of x = value/rms and belongs to the numbers that are not exactly 0: its integral is 1 − `zeros` −
    `beyond`. `mean` is in units of the rms too. `excess_kurtosis` is E(x − mean)⁴/Var² − 3: 0 for a Gaussian, NaN where nothing varies.
    `log10_rms` is −inf for a signal that is 0 everywhere, NaN for one that is no number.
    """

    log10_rms: float
    density: Array
    mean: float
    zeros: float
    beyond: float
    excess_kurtosis: float


@dataclass(frozen=True)
class Distributions:
    """The histograms of all signals, ∂C/∂W that of the first map of a block, in some `layers` (from 1) of a network, and the share of flat
    slopes φ′(z) there, (layers,)."""

    config: Config
    layers: tuple[int, ...]
    histograms: dict[str, tuple[Histogram, ...]]
    saturated: Array


def uses(config: Config) -> Config:
    """Return the experiment as this lab runs it: at most 8 networks, 32 inputs and 512 neurons a layer."""
    return replace(config.no_larger(width=MOST_NEURONS), trials=min(config.trials, MOST_DRAWS), inputs=min(config.inputs, MOST_INPUTS))


def layers_of(depth: int) -> tuple[int, ...]:
    """Return the layers with a histogram: all of a shallow network, else some evenly spread, first and last included."""
    return tuple(int(layer) for layer in np.unique(np.linspace(1, depth, min(depth, MOST_LAYERS)).round()))


def measure(config: Config, progress: Progress | None = None) -> Distributions:
    """Return the histograms of `config.trials` networks; `progress` hears the share that is done and may stop by raising."""
    observer = _Histograms(config)
    watch(Stack([config], range(config.trials)), observer, progress)
    layers = observer.layers
    return Distributions(
        config,
        layers,
        {name: tuple(observer.found[name, layer] for layer in layers) for name in signals_of(config)},
        np.array([observer.saturated.get(layer, 0.0) for layer in layers]),
    )


DISTRIBUTIONS = Lab("distributions", uses, measure)


class _Histograms(Observer):
    """Makes the histograms of the chosen layers as they pass."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.layers = layers_of(config.depth)
        self.found: dict[tuple[str, int], Histogram] = {}
        self.saturated: dict[int, float] = {}

    def see(self, name: str, layer: int, *values: Any) -> None:
        if layer not in self.layers:
            return
        if name == "flat":
            flat, batch = values
            self.saturated[layer] = float(np.mean(flat, dtype=float) / batch)
        elif name == "weight_gradient":
            delta, h, weights = values
            if weights != z_map(blocks(self.config)[0]).name:
                return
            rng = np.random.default_rng((self.config.seed, layer))
            self.found[name, layer] = histogram(*sampled_entries(delta, h, DRAWN_ENTRIES, rng, columns_together(self.config)))
        elif name in SIGNALS:
            self.found[name, layer] = histogram(values[0].array, values[0].exponent)


def sampled_entries(delta: Signal, h: Signal, count: int, rng: np.random.Generator, together: int = 1) -> tuple[Array, Array]:
    """Return about `count` entries δ_ib h_jb of ∂C_b/∂W, (T, count/T), for i, j and b uniformly at random, and their exponents, (T,).

    Where C is a sum over so many columns `together`, side by side, entries are Σ_b δ_ib h_jb over those of a group.
    """
    trials, outputs, batch = delta.array.shape
    each = max(1, count // trials)
    trial = np.arange(trials)[:, None]
    shape = (trials, each)
    chosen = rng.integers(batch // together, size=shape)
    rows, columns = rng.integers(outputs, size=shape), rng.integers(h.array.shape[1], size=shape)
    entries = np.zeros(shape)
    for b in range(together):
        place = chosen * together + b
        entries += delta.array[trial, rows, place].astype(float) * h.array[trial, columns, place]
    return entries, delta.exponent + h.exponent


def histogram(array: Array, exponent: Array) -> Histogram:
    """Return the histogram of all numbers `array` · 2^`exponent`, (T, …) and (T,), whatever their size."""
    values = array.astype(float).reshape(len(array), -1)
    zero = values == 0
    zeros = float(np.mean(zero))
    alive = values.any(axis=1)
    nothing = np.zeros(BINS)
    if not alive.any():
        return Histogram(-math.inf, nothing, 0.0, 1.0, 0.0, math.nan)
    if not np.isfinite(values).all():
        return Histogram(math.nan, nothing, math.nan, math.nan, math.nan, math.nan)
    # one power of two for all trials, that of the largest: what it makes 0 is too small for the scale of this histogram
    sizes = exponent + np.log2(np.abs(values).max(axis=1), where=alive, out=np.full(len(values), -np.inf))
    largest = math.floor(sizes.max())
    values = np.ldexp(values, (exponent - largest)[:, None])
    rms = float(np.sqrt(np.mean(values**2)))
    x = values / rms
    mean = float(x.mean())
    variance = float(x.var())
    counts, _ = np.histogram(x[~zero], EDGES)
    inside = float(counts.sum()) / x.size
    return Histogram(
        math.log10(rms) + largest * LOG10_2,
        counts / (x.size * (EDGES[1] - EDGES[0])),
        mean,
        zeros,
        max(0.0, 1 - zeros - inside),
        # a variance below 1e-20 of the mean square is rounding
        float(np.mean((x - mean) ** 4) / variance**2 - 3) if variance > 1e-20 else math.nan,
    )
