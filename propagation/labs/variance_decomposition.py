"""Whose variance? The scatter of one layer's numbers, taken over weight draws, over neurons, over inputs, and over all of them.

A layer is seen in T networks, n neurons and B inputs. The law of total variance, applied once to the neurons of a network and once to the
inputs of a neuron, splits its second moment exactly:

    E[z²] = (mean)² + Var over networks of their mean + Var over neurons of a network of their mean + Var over inputs of one neuron.

On its own, one number z can be varied over one of the three alone. In a wide network (Poole et al. 2016) and for two different inputs of
size q and correlation c, the variance of z is q over weight draws, q over neurons, q over everything, and **q − q c over inputs**: what
is common to all inputs, q c, is no difference between them. For h it is E[φ²] − E[φ]² three times, and E[φ φ] − E[φ φ′] over inputs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from propagation.architecture import signals_of
from propagation.config import Config
from propagation.engine.measure import Observer
from propagation.engine.network import Stack, stacks
from propagation.engine.signal import LOG10_2, Signal
from propagation.labs.protocol import Lab, Progress, part_of
from propagation.labs.watch import watch
from propagation.signals import FORWARD
from propagation.theory.variance_decomposition import Scatter

#: what one visitor's experiment is seen through: networks, inputs, and neurons at most
DRAWS, INPUTS, MOST_NEURONS = 32, 16, 256
#: Shares of the second moment below which differences between inputs are not measured: a map that never builds W begins to lose them in
#: deep networks (see `engine.frames`).
RESOLUTION = 1e-11

Array = np.ndarray


def uses(config: Config) -> Config:
    """Return the experiment as this lab runs it: 32 networks, 16 inputs, at most 256 neurons a layer."""
    return replace(config.no_larger(width=MOST_NEURONS), trials=DRAWS, inputs=INPUTS, cost="gaussian")


def measure(config: Config, progress: Progress | None = None) -> dict[str, Scatter]:
    """Return the scatters of the signals forward in `config.trials` networks; `progress` hears the share that is done, and may raise."""
    return scatters_alike([config], progress)[0]


def scatters_alike(configs: Sequence[Config], progress: Progress | None = None, signals: Sequence[str] = ()) -> list[dict[str, Scatter]]:
    """Return `measure` of each of these configs, which differ in numbers alone, in networks that share their noise; of `signals` if any."""
    found: list[dict[str, Scatter]] = []
    groups = stacks(configs, whole=True)
    for number, stack in enumerate(groups):
        observer = _Scatters(stack, signals)
        watch(stack, observer, part_of(progress, number / len(groups), (number + 1) / len(groups)))
        found += observer.scatters
    return found


VARIANCE_DECOMPOSITION = Lab("variance decomposition", uses, measure)


class _Scatters(Observer):
    """Fills in the scatters of these signals, or of all forward, layer by layer, for each config of a stack."""

    looks_back = False

    def __init__(self, stack: Stack, signals: Sequence[str]) -> None:
        names = signals or [name for name in signals_of(stack.configs[0]) if name in FORWARD]
        self.scatters = [{name: Scatter.nothing(config.depth) for name in names} for config in stack.configs]

    def see(self, name: str, layer: int, *values: Any) -> None:
        if name in self.scatters[0]:
            for scatters, signal in zip(self.scatters, values[0].parts(len(self.scatters)), strict=True):
                self._record(scatters[name], layer, signal)

    def _record(self, scatter: Scatter, layer: int, signal: Signal) -> None:
        values, exponent = at_one_scale(signal)
        second = float(np.mean(values**2))
        if not (0 < second < math.inf):
            return
        scatter.log10_second_moment[layer - 1] = math.log10(second) + exponent * LOG10_2
        scatter.parts[:, layer - 1] = np.array(split(values)) / second
        scatter.variances[:, layer - 1] = np.array(_each_alone(values)) / second
        scatter.cosine[layer - 1] = _mean_cosine(signal.exact_gram)


def at_one_scale(signal: Signal) -> tuple[Array, int]:
    """Return all trials divided by one power of two, (T, n, B) float64, and its exponent: that of the largest trial alive."""
    alive = signal.second_moment > 0
    exponent = int(signal.exponent[alive].max()) if alive.any() else 0
    return np.ldexp(signal.array.astype(float, copy=False), (signal.exponent - exponent)[:, None, None]), exponent


def split(values: Array) -> tuple[float, float, float, float]:
    """Split the mean square of values, (T, n, B), into the four PARTS; exact to rounding, each from squares around its own mean."""
    of_neuron = values.mean(axis=2)
    of_network = of_neuron.mean(axis=1)
    return (
        float(of_network.mean() ** 2),
        float(of_network.var()),
        float(np.mean((of_neuron - of_network[:, None]) ** 2)),
        float(np.mean((values - of_neuron[:, :, None]) ** 2)),
    )


def _each_alone(values: Array) -> tuple[float, float, float, float]:
    """Return the variances in the order of WHOSE."""
    over_draws, over_neurons, over_inputs = (float(np.mean(_variance(values, axis))) for axis in (0, 1, 2))
    return over_inputs, over_neurons, over_draws, float(values.var())


def _variance(values: Array, axis: int) -> Array:
    """Return the variance along an axis without bias; 0 of a single value."""
    return values.var(axis=axis, ddof=min(1, values.shape[axis] - 1))


def _mean_cosine(gram: Array) -> float:
    """Return the mean cosine of two columns, from the Gram matrices (T, B, B); pairs with a column of length 0 do not count."""
    lengths = np.sqrt(np.diagonal(gram, axis1=1, axis2=2))
    first, second = np.triu_indices(gram.shape[1], 1)
    products = lengths[:, first] * lengths[:, second]
    counted = products > 0
    return float(np.mean(gram[:, first, second][counted] / products[counted])) if counted.any() else math.nan
