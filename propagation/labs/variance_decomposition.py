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
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from propagation.config import Config
from propagation.engine.measure import Observer
from propagation.engine.signal import LOG10_2, Signal
from propagation.inputs import draw_inputs
from propagation.labs.protocol import Lab, Progress
from propagation.labs.watch import watch
from propagation.theory.kernel import kernel
from propagation.theory.moments import moments
from propagation.theory.prediction import predict

#: what one visitor's experiment is seen through: networks, inputs, and neurons at most
DRAWS, INPUTS, MOST_NEURONS = 32, 16, 256
#: the parts that the second moment is made of, and the scatters it may be asked for
PARTS = ("mean", "draws", "neurons", "inputs")
WHOSE = ("inputs", "neurons", "draws", "all")
#: Shares of the second moment below which differences between inputs cannot be measured: to a map that never builds W, inputs as close
#: as this are one (see `engine.frames`).
RESOLUTION = 1e-11
#: sizes whose squares and quotients are numbers
_SMALLEST, _LARGEST = 1e-140, 1e140

Array = np.ndarray


@dataclass(frozen=True)
class Scatter:
    """Where the second moment of one signal comes from, layer by layer; NaN where the signal is lost.

    `parts`, (4, depth), in the order of PARTS, are shares of the second moment and add up to 1. `variances`, (4, depth), in the order of
    WHOSE, are the variances over one thing with everything else held still (means over all ways to hold it), again as shares of the
    second moment; over inputs, neurons and draws they are estimates without bias (divided by the number less one). `cosine`, (depth,), is
    that of two inputs' vectors, mean over pairs and networks.
    """

    log10_second_moment: Array
    parts: Array
    variances: Array
    cosine: Array

    def log10_variance(self, whose: str) -> Array:
        """Return log₁₀ of the variance over one of WHOSE, (depth,); −inf where there is none."""
        with np.errstate(divide="ignore"):
            return self.log10_second_moment + np.log10(self.variances[WHOSE.index(whose)])


def uses(config: Config) -> Config:
    """Return the experiment as this lab runs it: 32 networks, 16 inputs, at most 256 neurons a layer."""
    return replace(config, trials=DRAWS, inputs=INPUTS, width=min(config.width, MOST_NEURONS), cost="gaussian")


def measure(config: Config, progress: Progress | None = None) -> dict[str, Scatter]:
    """Return the scatters of z and h in `config.trials` networks; `progress` hears the share that is done and may stop by raising."""
    observer = _Scatters(config.depth)
    watch(config, observer, range(config.trials), progress)
    return observer.scatters


VARIANCE_DECOMPOSITION = Lab("variance decomposition", uses, measure)


def predicted(config: Config) -> dict[str, Scatter]:
    """The same scatters at infinite width, for the inputs of this config; NaN from where a size leaves floating point.

    Sizes q_b follow the length map one by one, and the distance of two inputs, E(z_b − z_b′)² = (√q_b − √q_b′)² + 2 √(q_b q_b′) (1 − c),
    the correlation map, 1 − c ← D(q, 1 − c)/E[φ²] at q = √(q_b q_b′), which is exact where φ is homogeneous or the two sizes agree.
    Half of its mean over all pairs is the variance over inputs. It is followed in 1 − c, which keeps its digits where c is close to 1.
    """
    prediction = predict(config)
    x = draw_inputs(config)
    of, correlation = moments(config.activation), kernel(config.activation)
    pairs = np.triu_indices(x.shape[1], 1)
    sizes = np.mean(x**2, axis=0)
    directions = x / np.sqrt(np.sum(x**2, axis=0))
    apart = np.array([0.5 * np.sum((directions[:, b] - directions[:, other]) ** 2) for b, other in zip(*pairs, strict=True)])

    answers = {name: _nothing(config.depth) for name in ("z", "h")}
    for layer, (weight, bias) in enumerate(zip(prediction.weight_variance, prediction.bias_variance, strict=True)):
        distances = weight * _distances(sizes, apart, pairs)
        sizes = weight * sizes + bias
        if not np.all((sizes > _SMALLEST) & (sizes < _LARGEST)):
            break
        _record(answers["z"], layer, sizes, distances, np.zeros_like(sizes))
        together = np.sqrt(sizes[pairs[0]] * sizes[pairs[1]])
        apart = np.clip((distances - _distances(sizes, 0.0, pairs)) / (2 * together), 0.0, 2.0)
        answers["z"].cosine[layer] = 1 - np.mean(apart)
        lost, _ = correlation(together, apart)
        size_after = of.second(together)
        apart = lost / np.where(size_after > 0, size_after, 1.0)
        answers["h"].cosine[layer] = 1 - np.mean(apart)
        means, sizes = of.mean(sizes), of.second(sizes)
        _record(answers["h"], layer, sizes, _distances(sizes, apart, pairs), means)
    return {
        name: replace(answer, log10_second_moment=np.asarray(prediction.signal(name).log10_second_moment))
        for name, answer in answers.items()
    }


class _Scatters(Observer):
    """Fills in the scatters of z and h, layer by layer."""

    def __init__(self, depth: int) -> None:
        self.scatters = {name: _nothing(depth) for name in ("z", "h")}

    def see(self, name: str, layer: int, *values: Any) -> None:
        if name in self.scatters:
            self._record(self.scatters[name], layer, values[0])

    def _record(self, scatter: Scatter, layer: int, signal: Signal) -> None:
        values, exponent = at_one_scale(signal)
        second = float(np.mean(values**2))
        if not (0 < second < math.inf):
            return
        scatter.log10_second_moment[layer - 1] = math.log10(second) + exponent * LOG10_2
        scatter.parts[:, layer - 1] = np.array(split(values)) / second
        scatter.variances[:, layer - 1] = np.array(_each_alone(values)) / second
        scatter.cosine[layer - 1] = _mean_cosine(signal.gram)


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


def _distances(sizes: Array, apart: Array | float, pairs: tuple[Array, Array]) -> Array:
    """E(z_b − z_b′)² of all pairs, from the sizes of both and 1 − c."""
    roots = np.sqrt(sizes)
    first, second = roots[pairs[0]], roots[pairs[1]]
    return (first - second) ** 2 + 2 * first * second * apart


def _mean_cosine(gram: Array) -> float:
    """Return the mean cosine of two columns, from the Gram matrices (T, B, B); pairs with a column of length 0 do not count."""
    lengths = np.sqrt(np.diagonal(gram, axis1=1, axis2=2))
    first, second = np.triu_indices(gram.shape[1], 1)
    products = lengths[:, first] * lengths[:, second]
    counted = products > 0
    return float(np.mean(gram[:, first, second][counted] / products[counted])) if counted.any() else math.nan


def _nothing(depth: int) -> Scatter:
    """Return the scatter of a signal before anything is known of it."""
    return Scatter(np.full(depth, -np.inf), np.full((4, depth), np.nan), np.full((4, depth), np.nan), np.full(depth, np.nan))


def _record(answer: Scatter, layer: int, sizes: Array, distances: Array, means: Array) -> None:
    """What theory says of a layer: E φ² of each input, E(φ_b − φ_b′)² of each pair, E φ of each input."""
    second, inputs = float(sizes.mean()), len(sizes)
    if second == 0:
        return
    over_inputs = float(distances.sum()) / inputs**2
    common = float(means.mean() ** 2)
    alone = float(np.mean(sizes - means**2)) / second
    estimate = over_inputs * inputs / max(inputs - 1, 1)
    answer.parts[:, layer] = np.array([common, 0.0, second - common - over_inputs, over_inputs]) / second
    answer.variances[:, layer] = estimate / second, alone, alone, 1 - common / second
